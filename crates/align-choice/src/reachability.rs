/// A directed graph with its transitive closure, kept while edges are added.
#[derive(Debug, Clone)]
pub(crate) struct Reachability {
    /// A bit set of the nodes that each node reaches.
    reaches: Vec<Vec<u64>>,
}

impl Reachability {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { reaches: vec![vec![0; nodes.div_ceil(64)]; nodes] }
    }

    /// Whether there is a path of at least one edge.
    pub(crate) fn has_path(&self, from: usize, to: usize) -> bool {
        self.reaches[from][to / 64] >> (to % 64) & 1 == 1
    }

    pub(crate) fn add_edge(&mut self, from: usize, to: usize) {
        if self.has_path(from, to) {
            return;
        }
        let mut new = self.reaches[to].clone();
        new[to / 64] |= 1 << (to % 64);
        for node in 0..self.reaches.len() {
            if node == from || self.has_path(node, from) {
                self.reaches[node].iter_mut().zip(&new).for_each(|(bits, more)| *bits |= more);
            }
        }
    }
}
