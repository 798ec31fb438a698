//! Images, a file for each verb.

mod commit;
mod create;
mod history;
mod inspect;
mod list;
mod load;
mod prune;
mod remove;
mod save;
mod tag;

pub(super) use commit::commit;
pub(super) use create::create;
pub(super) use history::history;
pub(super) use inspect::inspect;
pub(super) use list::list;
pub(super) use load::load;
pub(super) use prune::{prune, prune_builds};
pub(super) use remove::remove;
pub(super) use save::save;
pub(super) use tag::tag;
