//! What a shell may offer next: cobra's protocol, `__complete WORDS… PREFIX`.
//!
//! ```text
//! stdout   a line for each offer, with a tab and a description; then `:` and a number
//! stderr   the number's name, for people
//! ```
//!
//! The words are walked down the tree as a command line would be; what stands at the end is offered: commands, flags,
//! values of flags, or names that the daemon is asked for.

mod names;
mod place;

use crate::exit::Exit;
use crate::flag::Flag;
use crate::plugin;
use crate::session::Session;
use crate::stream::out;
use crate::tree::{Body, Node};
use names::Wanted;
pub use place::Place;
use place::Spot;

/// What the shell does besides: cobra's `ShellCompDirective`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Files, where nothing is offered.
    Default = 0,
    /// Nothing: an error.
    Error = 1,
    /// No files.
    NoFiles = 4,
}

/// An offer: the text, and what it is.
type Offer = (String, String);

/// Prints what may stand in the place.
pub fn show(session: &Session, place: &Place, descriptions: bool) -> Result<(), Exit> {
    let (offers, directive) = offers(session, place);
    let mut text = String::new();
    for (offer, about) in offers.iter().filter(|(offer, _)| offer.starts_with(&place.prefix)) {
        let about = about.lines().next().unwrap_or_default();
        text += &match descriptions && !about.is_empty() {
            true => format!("{offer}\t{about}\n"),
            false => format!("{offer}\n"),
        };
    }
    out::print(&format!("{text}:{}\n", directive as u8))?;
    let name = match directive {
        Directive::Default => "Default",
        Directive::Error => "Error",
        Directive::NoFiles => "NoFileComp",
    };
    eprintln!("Completion ended with directive: ShellCompDirective{name}");
    Ok(())
}

fn offers(session: &Session, place: &Place) -> (Vec<Offer>, Directive) {
    match &place.spot {
        Spot::Nowhere => (Vec::new(), Directive::Default),
        Spot::Nodes(nodes) => (commands(session, nodes, place.is_root), Directive::NoFiles),
        Spot::Flags(flags) => (flag_names(flags, place), Directive::NoFiles),
        Spot::Value(flag) => named(session, place, names::of_flag(&place.path, flag)),
        Spot::Argument => named(session, place, names::of_argument(&place.path, place.arguments.len())),
    }
}

fn named(session: &Session, place: &Place, wanted: Wanted) -> (Vec<Offer>, Directive) {
    match names::find(session, wanted) {
        None => (Vec::new(), Directive::Default),
        Some(Err(())) => (Vec::new(), Directive::Error),
        Some(Ok(names)) => {
            let fresh = names.into_iter().filter(|name| !place.arguments.contains(name));
            (fresh.map(|name| (name, String::new())).collect(), Directive::NoFiles)
        }
    }
}

/// What is not there yet is not offered.
fn commands(session: &Session, nodes: &[Node], is_root: bool) -> Vec<Offer> {
    let there = nodes.iter().filter(|node| !node.hidden && has_command(node));
    let mut offers: Vec<Offer> = there.map(|node| (node.name.into(), node.about.into())).collect();
    if is_root {
        offers.push(("help".into(), "Help about the command".into()));
        let plugins = plugin::all(session.config()).into_iter();
        offers.extend(plugins.filter_map(|plugin| Some((plugin.name, plugin.metadata.ok()?.short_description))));
    }
    offers.sort();
    offers
}

fn has_command(node: &Node) -> bool {
    match node.body {
        Body::Command(_) => true,
        Body::Group(nodes) => nodes.iter().any(has_command),
        Body::Missing => false,
    }
}

/// Long names, each with its letter behind it; a flag that was given and takes one value is left out.
fn flag_names(flags: &[Flag], place: &Place) -> Vec<Offer> {
    let mut flags: Vec<&Flag> = flags.iter().filter(|flag| !flag.hidden).collect();
    flags.retain(|flag| flag.kind.is_list() || !place.given.contains(&flag.long));
    flags.sort_by_key(|flag| flag.long);
    let both = |flag: &&Flag| {
        let about = flag.about.to_owned();
        let letter = flag.short.map(|letter| (format!("-{letter}"), about.clone()));
        [(format!("--{}", flag.long), about)].into_iter().chain(letter).collect::<Vec<_>>()
    };
    flags.iter().flat_map(both).collect()
}
