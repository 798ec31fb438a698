//! Removes names and images by Docker's rules, with Docker's words.

use std::collections::{BTreeSet, HashSet};

use fault::{Fault, Result, Step};
use names::{Digest, Reference};

use crate::chain::chain_ids;
use crate::image::{Image, ImageId};
use crate::images::{Images, Shared, Turn};
use crate::lookup::key;
use crate::record::{IMAGES, LAYERS, REFERENCES};
use crate::state::State;

/// One thing that a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A name is gone.
    Untagged(String),
    /// An image, or a chain of layers by its chain id, is gone.
    Deleted(String),
}

/// A container that uses an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub container: String,
    /// Whether it runs.
    pub is_running: bool,
}

impl Images {
    /// Removes a name, and the image with its last name; by id, the image with all names. `used_by` tells the containers
    /// of an image. Locally built parents, which `prune` would remove as well, do not exist yet.
    pub fn remove(
        &self,
        name: &str,
        force: bool,
        prune: bool,
        used_by: &dyn Fn(&ImageId) -> Vec<User>,
    ) -> Result<Vec<Removed>> {
        let _ = prune;
        let turn = self.shared.turn();
        let state = turn.state();
        let image = state.find(name)?;
        let plan = plan(name, &image, force, &used_by(&image.id))?;
        self.shared.carry_out(&turn, state, &image, &plan)
    }
}

/// What a removal will do.
struct Plan {
    untag: Vec<Reference>,
    delete: bool,
}

/// Decides; `users` are the image's containers.
fn plan(name: &str, image: &Image, force: bool, users: &[User]) -> Result<Plan> {
    let references: Vec<Reference> = image.references().cloned().collect();
    if is_id_prefix(&image.id, name) {
        return plan_by_id(image, references, force, users);
    }
    if let (false, true, Some(user)) = (force, is_single(&references), users.first()) {
        return Err(Fault::conflict(format!(
            "conflict: unable to remove repository reference {name:?} (must force) - container {} is using its referenced image {}",
            short(&user.container),
            image.id.short()
        )));
    }
    let named = key(&name.parse().map_err(|error| Fault::from_error(fault::Kind::InvalidParameter, &error))?);
    let untag = with_stale_digests(named, &references);
    let is_last = untag.len() == references.len();
    // Who took the last name away from an image that a running container uses, by force, keeps the image.
    let delete = is_last && conflict(image, &[], force, users).is_none();
    Ok(Plan { untag, delete })
}

fn plan_by_id(image: &Image, references: Vec<Reference>, force: bool, users: &[User]) -> Result<Plan> {
    let named: &[Reference] = if is_single(&references) { &[] } else { &references };
    match conflict(image, named, force, users) {
        Some(fault) => Err(fault),
        None => Ok(Plan { untag: references, delete: true }),
    }
}

/// The first thing that forbids to delete the image. Hard ones first; the others yield to force.
fn conflict(image: &Image, references: &[Reference], force: bool, users: &[User]) -> Option<Fault> {
    let refuse = |how: &str, why: String| {
        Some(Fault::conflict(format!("conflict: unable to delete {} ({how}) - {why}", image.id.short())))
    };
    if let Some(user) = users.iter().find(|user| user.is_running) {
        let why = format!("image is being used by running container {}", short(&user.container));
        return refuse("cannot be forced", why);
    }
    if force {
        return None;
    }
    if !references.is_empty() {
        return refuse("must be forced", "image is referenced in multiple repositories".to_owned());
    }
    let user = users.first()?;
    refuse("must be forced", format!("image is being used by stopped container {}", short(&user.container)))
}

fn short(container: &str) -> &str {
    container.get(..12).unwrap_or(container)
}

/// Whether the user typed the beginning of the id rather than a name.
fn is_id_prefix(id: &ImageId, typed: &str) -> bool {
    id.as_str().starts_with(typed) || id.hex().starts_with(typed)
}

/// The name, and with the last tag of a repository its names by digest.
fn with_stale_digests(named: Reference, references: &[Reference]) -> Vec<Reference> {
    let same_repository = |other: &&Reference| other.name_only() == named.name_only();
    let mut others = references.iter().filter(|other| **other != named).filter(same_repository);
    let keeps_tag = others.clone().any(|other| other.digest().is_none());
    if named.digest().is_some() || keeps_tag {
        return vec![named];
    }
    let stale: Vec<_> = others.by_ref().cloned().collect();
    [vec![named], stale].concat()
}

/// Whether an image has one name: one tag at most, and digests of that repository only.
fn is_single(references: &[Reference]) -> bool {
    if references.len() <= 1 {
        return references.len() == 1;
    }
    let tags = references.iter().filter(|reference| reference.digest().is_none()).count();
    let repositories: BTreeSet<_> = references.iter().map(Reference::name_only).collect();
    tags <= 1 && repositories.len() == 1
}

impl Shared {
    fn carry_out(&self, turn: &Turn<'_>, mut state: State, image: &Image, plan: &Plan) -> Result<Vec<Removed>> {
        let mut removed: Vec<_> = plan.untag.iter().map(|reference| Removed::Untagged(reference.familiar())).collect();
        for reference in &plan.untag {
            state.references.remove(reference);
        }
        if plan.delete {
            self.sync_notes_on(image)?;
        }
        let before: HashSet<Digest> = chains(&state);
        if plan.delete {
            state.images.remove(&image.id);
        } else {
            state.rename(&image.id)?;
        }
        let write = |write: &mut metastore::Write<'_>| {
            for reference in &plan.untag {
                write.remove(&REFERENCES, &reference.to_string())?;
            }
            if plan.delete {
                write.remove(&IMAGES, image.id.as_str())?;
            }
            Ok::<_, metastore::Error>(())
        };
        self.catalogue.write(write).step("remove image")?;
        turn.publish(state);
        if plan.delete {
            removed.push(Removed::Deleted(image.id.to_string()));
            let after = self.drop_unused(turn)?;
            let gone =
                image.chain_ids().into_iter().rev().filter(|chain| before.contains(chain) && !after.contains(chain));
            removed.extend(gone.map(|chain| Removed::Deleted(chain.to_string())));
        }
        Ok(removed)
    }

    /// Containers that stand on an image which goes need what they noted, also after a power cut.
    fn sync_notes_on(&self, image: &Image) -> Result<()> {
        let standing: Vec<_> = self
            .claims
            .lock()
            .containers()
            .filter(|(_, on)| *on == image.diff_ids())
            .map(|(id, _)| id.clone())
            .collect();
        standing.iter().try_for_each(|id| self.layers.sync_note(id)).step("remove image")
    }

    /// Drops the layers that neither an image nor a claim needs, and gives the chains that are left.
    fn drop_unused(&self, turn: &Turn<'_>) -> Result<HashSet<Digest>> {
        let claims = self.claims.lock();
        let mut state = turn.state();
        let (kept, dropped): (Vec<_>, Vec<_>) =
            state.unused_layers().into_iter().partition(|diff_id| claims.has(diff_id));
        let records: Vec<_> = dropped.iter().filter_map(|diff_id| state.layers.remove(diff_id)).collect();
        if !dropped.is_empty() {
            self.catalogue
                .write(|write| {
                    dropped.iter().try_for_each(|diff_id| write.remove(&LAYERS, diff_id.as_str()).map(|_| ()))
                })
                .map_err(|error: metastore::Error| error)
                .step("remove layers")?;
        }
        let mut left = chains(&state);
        left.extend(claims.containers().flat_map(|(_, diff_ids)| chain_ids(diff_ids)));
        turn.publish(state);
        self.orphans.store(!kept.is_empty(), std::sync::atomic::Ordering::Relaxed);
        drop(claims);
        records.iter().for_each(|record| self.discard(record));
        Ok(left)
    }

    /// Drops the layers of images that were removed while somebody claimed their layers, if there are any.
    pub fn collect_orphans(&self) -> Result<()> {
        if self.orphans.load(std::sync::atomic::Ordering::Relaxed) { self.collect_orphans_now() } else { Ok(()) }
    }

    /// The same without knowing whether there are any.
    pub fn collect_orphans_now(&self) -> Result<()> {
        self.drop_unused(&self.turn()).map(|_| ())
    }
}

fn chains(state: &State) -> HashSet<Digest> {
    state.images.values().flat_map(|image| image.chain_ids()).collect()
}
