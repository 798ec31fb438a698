//! Whole containers, from creation to removal, on this kernel.

mod support;

use runtime::ErrorKind;
use support::*;

fn main() {
    support::main(CASES);
    remove_parent_cgroups();
}

const CASES: &[Case] = &[
    ("exit codes are the program's", exit_codes),
    ("a program that is missing or no program gets the code that Docker gives", bad_programs),
];

fn exit_codes() {
    assert_eq!(Test::new(&["true"]).run().unwrap().code, 0);
    assert_eq!(Test::new(&["false"]).run().unwrap().code, 1);
    assert_eq!(Test::shell("exit 42").run().unwrap().code, 42);
    assert_eq!(Test::new(&["/bin/sh", "-c", "echo hello"]).output(), "hello\n");
}

fn bad_programs() {
    let refusal = |program: &str| {
        let error = Test::new(&[program]).refusal();
        (error.kind(), error.to_string())
    };
    let not_found = r#"exec: "nosuch": executable file not found in $PATH"#;
    assert_eq!(refusal("nosuch"), (ErrorKind::NotFound, not_found.to_owned()));
}
