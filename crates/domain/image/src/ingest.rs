//! A layer from a stream into the stores, without a name yet.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use archive::{Compressor, Limits, Unpacked};
use content::Ingest;
use fault::{Fault, Result, Step};
use names::{Algorithm, Digest};
use oci::image::media_type;
use snapshot::Stage;

use crate::claims::Claim;
use crate::images::Shared;
use crate::record::{BlobRecord, LayerRecord};

/// A layer that is unpacked and verified and has no name. Dropped, it is thrown away.
pub(crate) struct StagedLayer {
    pub diff_id: Digest,
    size: u64,
    is_opaque: bool,
    blob: BlobRecord,
    parts: Mutex<Option<(Stage, content::Staged)>>,
    /// Once it is published: several images may wait to use it, and nobody may remove it meanwhile.
    claim: OnceLock<Claim>,
}

impl StagedLayer {
    fn parts(&self) -> std::sync::MutexGuard<'_, Option<(Stage, content::Staged)>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_published(&self) -> bool {
        self.parts().is_none()
    }

    pub fn sync_blob(&self) -> Result<()> {
        match &*self.parts() {
            Some((_, blob)) => blob.sync().step("commit image"),
            None => Ok(()),
        }
    }

    /// Gives the layer and its blob their names.
    pub fn publish(&self, shared: &Shared) -> Result<LayerRecord> {
        let Some((stage, blob)) = self.parts().take() else {
            return Err(Fault::system(format!("layer {} was used already", self.diff_id)));
        };
        shared.blobs.publish(blob).step("commit image")?;
        let directory = shared.layers.publish(stage).step("commit image")?;
        if let Some(claim) = shared.claims.claim(&self.diff_id, || true) {
            let _ = self.claim.set(claim);
        }
        Ok(LayerRecord { directory, size: self.size, is_opaque: self.is_opaque, blob: self.blob.clone() })
    }
}

/// What a layer has to be.
pub(crate) struct Wanted<'w> {
    /// The digest of the uncompressed archive, where it is known.
    pub diff_id: Option<&'w Digest>,
    /// The blob as it comes, where it was announced.
    pub blob: Option<&'w BlobRecord>,
    /// What the kept blob is, where nothing was announced.
    pub media_type: &'w str,
    /// How much it may make us do.
    pub limits: Limits,
}

impl<'w> Wanted<'w> {
    /// A layer of which everything was announced.
    pub fn announced(blob: &'w BlobRecord, diff_id: &'w Digest) -> Self {
        let media_type = blob.media_type.as_str();
        Self { diff_id: Some(diff_id), blob: Some(blob), media_type, limits: Limits::for_compressed(blob.size) }
    }
}

/// Is told how many more bytes were taken.
pub(crate) type Seen<'s> = &'s (dyn Fn(u64) + Send + Sync);

impl Shared {
    /// Unpacks a layer from `source`, which is read to its end, and keeps the bytes as they come. `seen` counts them.
    pub fn take_in(&self, source: impl BufRead + Send, wanted: &Wanted<'_>, seen: Seen<'_>) -> Result<StagedLayer> {
        let algorithm = wanted.blob.map_or(Algorithm::Sha256, |blob| blob.digest.algorithm());
        let ingest = self.blobs.ingest(algorithm).map_err(|error| self.explain(error.is_disk_full(), &error))?;
        let mut tee = Tee { source, sink: ingest, appended: 0, seen };
        let (unpacked, stage) = match self.unpack(&mut tee, wanted.limits) {
            Ok(unpacked) => unpacked,
            Err(Failure { fault, is_malformed: false }) => return Err(fault),
            Err(Failure { fault, .. }) => return Err(blame(tee, wanted, fault)),
        };
        let blob = self.verify(tee.sink, wanted)?;
        let media_type = wanted.blob.map_or(wanted.media_type, |blob| &blob.media_type);
        self.staged(unpacked, stage, blob, media_type, wanted)
    }

    /// The same for a plain archive, of which a compressed copy is kept.
    pub fn take_in_plain(
        &self,
        source: impl BufRead + Send,
        wanted: &Wanted<'_>,
        seen: Seen<'_>,
    ) -> Result<StagedLayer> {
        let ingest =
            self.blobs.ingest(Algorithm::Sha256).map_err(|error| self.explain(error.is_disk_full(), &error))?;
        let compressor = Compressor::new(ingest);
        let mut tee = Tee { source, sink: compressor, appended: 0, seen };
        let (unpacked, stage) = self.unpack(&mut tee, wanted.limits).map_err(|failure| failure.fault)?;
        let blob = tee.sink.finish().map_err(|error| self.explain(false, &error))?.end();
        self.staged(unpacked, stage, blob, media_type::OCI_LAYER_GZIP, wanted)
    }

    fn unpack<R: BufRead + Send, W: Write + Send>(
        &self,
        tee: &mut Tee<'_, R, W>,
        limits: Limits,
    ) -> Result<(Unpacked, Stage), Failure> {
        let stage = self
            .layers
            .stage()
            .map_err(|error| Failure { fault: self.explain(error.is_disk_full(), &error), is_malformed: false })?;
        let unpacked = archive::unpack_layer(tee, stage.root(), limits).map_err(|error| Failure {
            fault: self.explain(error.is_disk_full(), &error),
            is_malformed: !error.is_disk_full() && !error.is_limit(),
        })?;
        Ok((unpacked, stage))
    }

    fn verify(&self, ingest: Ingest, wanted: &Wanted<'_>) -> Result<content::Staged> {
        let Some(blob) = wanted.blob else { return Ok(ingest.end()) };
        ingest.verify(&blob.digest, Some(blob.size)).map_err(|error| verification(&blob.digest, &error))
    }

    fn staged(
        &self,
        unpacked: Unpacked,
        stage: Stage,
        blob: content::Staged,
        media_type: &str,
        wanted: &Wanted<'_>,
    ) -> Result<StagedLayer> {
        let diff_id = Digest::sha256(unpacked.diff_id);
        if wanted.diff_id.is_some_and(|wanted| *wanted != diff_id) {
            // Docker's words.
            return Err(Fault::system("layers from manifest don't match image configuration"));
        }
        let record = BlobRecord { digest: blob.digest().clone(), size: blob.size(), media_type: media_type.to_owned() };
        Ok(StagedLayer {
            diff_id,
            size: unpacked.bytes,
            is_opaque: unpacked.is_opaque,
            blob: record,
            parts: Mutex::new(Some((stage, blob))),
            claim: OnceLock::new(),
        })
    }

    /// The error as a fault; where the disk is full it says how much there is and where.
    pub fn explain(&self, is_disk_full: bool, error: &(dyn std::error::Error + 'static)) -> Fault {
        let message = fault::chain(error);
        if is_disk_full || message.contains("No space left on device") {
            return Fault::system(format!("{message}: {}", self.layers.space()));
        }
        Fault::system(message)
    }
}

/// Why a layer was not unpacked, and whether its bytes made no sense.
struct Failure {
    fault: Fault,
    is_malformed: bool,
}

/// Wrong bytes show first where they no longer make sense. The digest tells whether the sender or the path is to blame,
/// so the rest is read before anything is said.
fn blame<R: BufRead>(mut tee: Tee<'_, R, Ingest>, wanted: &Wanted<'_>, fault: Fault) -> Fault {
    let Some(blob) = wanted.blob else { return fault };
    if io::copy(&mut (&mut tee).take(blob.size), &mut io::sink()).is_err() {
        return fault;
    }
    match tee.sink.verify(&blob.digest, Some(blob.size)) {
        Ok(_) => fault,
        Err(error) => verification(&blob.digest, &error).at(fault.message()),
    }
}

/// Docker's words for wrong bytes, and what is wrong.
fn verification(digest: &Digest, error: &content::Error) -> Fault {
    Fault::system(format!("filesystem layer verification failed for digest {digest}: {}", fault::chain(error)))
}

/// Reads a stream and keeps what is read.
struct Tee<'c, R, W> {
    source: R,
    sink: W,
    /// Bytes that are in the source's buffer and in the sink already.
    appended: usize,
    seen: Seen<'c>,
}

impl<R: BufRead, W: Write> BufRead for Tee<'_, R, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.source.fill_buf()?;
        if self.appended == 0 && !buffer.is_empty() {
            self.sink.write_all(buffer)?;
            self.appended = buffer.len();
            (self.seen)(buffer.len() as u64);
        }
        Ok(&buffer[..self.appended])
    }

    fn consume(&mut self, amount: usize) {
        self.appended -= amount;
        self.source.consume(amount);
    }
}

impl<R: BufRead, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}
