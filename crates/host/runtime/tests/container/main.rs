//! Whole containers, from creation to removal, on this kernel.

mod attacks;
mod attributes;
mod enter;
mod failures;
mod files;
mod limits;
mod namespaces;
mod programs;
mod rights;
mod support;
mod terminal;

fn main() {
    let topics = [
        programs::CASES,
        files::CASES,
        namespaces::CASES,
        rights::CASES,
        attributes::CASES,
        limits::CASES,
        enter::CASES,
        terminal::CASES,
        attacks::CASES,
        failures::CASES,
    ];
    support::main(&topics.concat());
}
