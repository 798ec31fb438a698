//! Chain ids: a layer together with all layers below it (OCI image specification, "Layer ChainID").

use content::Hasher;
use names::Digest;

/// The chain ids of layers given by their diff ids, lowest first.
pub fn chain_ids(diff_ids: &[Digest]) -> Vec<Digest> {
    let mut chain: Vec<Digest> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        let next = match chain.last() {
            None => diff_id.clone(),
            Some(below) => Hasher::sha256(format!("{below} {diff_id}").as_bytes()),
        };
        chain.push(next);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_is_its_own_and_the_next_hashes_both() {
        let diff = [Digest::sha256([1; 32]), Digest::sha256([2; 32])];
        let chain = chain_ids(&diff);
        assert_eq!(chain[0], diff[0]);
        assert_eq!(chain[1], Hasher::sha256(format!("{} {}", diff[0], diff[1]).as_bytes()));
        assert!(chain_ids(&[]).is_empty());
    }
}
