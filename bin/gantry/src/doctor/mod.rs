//! `gantry doctor`: names what on this host stands in the way of containers, and the mend.
//!
//! What there is is gathered first ([`facts`]), and judged apart from that ([`judge`]).

mod facts;
mod judge;

use std::process::ExitCode;

use judge::{Finding, Severity};

const USAGE: &str = "Usage:  gantry doctor [OPTIONS]\n\nName what on this host stands in the way of containers, and the mend\n\n\
Options:\n      --data-root string   Directory of persistent state (default \"/var/lib/gantry\")\n  -q, --quiet              \
Only what is wrong\n";

/// Looks at the host. The exit code is 1 where containers cannot run, 2 for a command line that makes no sense.
pub fn main(args: &[String]) -> ExitCode {
    let (data_root, quiet) = match arguments(args) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let findings = judge::all(&facts::gather(&data_root));
    for finding in findings.iter().filter(|finding| !quiet || finding.severity != Severity::Fine) {
        println!("{}", line(finding));
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (broken, weak) = (count(Severity::Broken), count(Severity::Weak));
    if !quiet || broken + weak > 0 {
        println!("{}", sum(broken, weak));
    }
    ExitCode::from(u8::from(broken > 0))
}

/// The data root, and whether only what is wrong is wanted; nothing where the help is.
fn arguments(args: &[String]) -> Result<Option<(String, bool)>, String> {
    let (mut data_root, mut quiet) = ("/var/lib/gantry".to_owned(), false);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "-h" | "--help" => return Ok(None),
            "-q" | "--quiet" => quiet = true,
            "--data-root" => data_root = rest.next().ok_or("flag needs an argument: --data-root")?.clone(),
            other => match other.strip_prefix("--data-root=") {
                Some(path) => data_root = path.to_owned(),
                None => return Err(format!("unknown argument: {other}")),
            },
        }
    }
    Ok(Some((data_root, quiet)))
}

fn line(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Fine => "ok    ",
        Severity::Weak => "weak  ",
        Severity::Broken => "broken",
    };
    let Finding { what, told, mend, .. } = finding;
    let mend = if mend.is_empty() { String::new() } else { format!("\n          → {mend}") };
    format!("{mark}  {what}: {told}{mend}")
}

fn sum(broken: usize, weak: usize) -> String {
    match (broken, weak) {
        (0, 0) => "Nothing stands in the way.".into(),
        (0, weak) => format!("Containers run. What does not work as well as it could: {weak}."),
        (broken, weak) => format!("Containers cannot run. Broken: {broken}, weak: {weak}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read() {
        let read = |args: &[&str]| arguments(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["-q", "--data-root=/x"]), Ok(Some(("/x".into(), true))));
        assert_eq!(read(&["--data-root", "/y"]), Ok(Some(("/y".into(), false))));
        assert_eq!(read(&["--help"]), Ok(None));
        assert!(read(&["--data-root"]).is_err() && read(&["now"]).is_err());
    }
}
