use align_base::random::generator;
use align_data::PairExample;
use rand_chacha::rand_core::Rng;

/// A uniform sample of pairs.
pub struct SampledPairs {
    size: usize,
    seen: u64,
    seed: u64,
    pub pairs: Vec<PairExample>,
}

impl SampledPairs {
    /// An empty sample of at most `size` pairs.
    pub fn new(size: usize, seed: u64) -> Self {
        Self { size, seen: 0, seed, pairs: Vec::new() }
    }

    /// Takes pairs at random, so that each pair so far is in the sample with the same probability.
    pub fn add(&mut self, pairs: &[PairExample]) {
        for pair in pairs {
            self.seen += 1;
            if self.pairs.len() < self.size {
                self.pairs.push(pair.clone());
                continue;
            }
            let draw = generator(self.seed, "audit pairs", self.seen).next_u64() % self.seen;
            if let Some(place) = usize::try_from(draw).ok().and_then(|draw| self.pairs.get_mut(draw)) {
                *place = pair.clone();
            }
        }
    }
}
