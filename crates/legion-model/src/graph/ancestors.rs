use super::dag::Graph;

/// Which nodes of a graph wait for which others, by way of others too: a bit for each pair.
#[derive(Debug, Clone)]
pub struct Ancestors {
    /// The place of each node in the graph's order.
    place: Vec<usize>,
    /// For each place the places before it that it waits for; `words` words a row.
    bits: Vec<u64>,
    words: usize,
}

const WORD: usize = u64::BITS as usize;

impl Ancestors {
    pub fn of(graph: &Graph) -> Self {
        let words = graph.len().div_ceil(WORD);
        let mut place = vec![0; graph.len()];
        let mut bits = vec![0; graph.len() * words];
        for (at, node) in graph.order().iter().enumerate() {
            place[*node] = at;
            let (before, row) = bits.split_at_mut(at * words);
            for upper in graph.upstream(*node) {
                let upper = place[*upper];
                // A row has no bit at or behind its own place.
                let used = upper / WORD + 1;
                for (word, above) in row[..used].iter_mut().zip(&before[upper * words..upper * words + used]) {
                    *word |= above;
                }
                row[upper / WORD] |= 1 << (upper % WORD);
            }
        }
        Self { place, bits, words }
    }

    /// Whether `node` waits for `other`, directly or by way of others.
    pub fn waits_for(&self, node: usize, other: usize) -> bool {
        let (row, bit) = (self.place[node], self.place[other]);
        self.bits[row * self.words + bit / WORD] & (1 << (bit % WORD)) != 0
    }

    /// Whether one of the two waits for the other.
    pub fn are_ordered(&self, node: usize, other: usize) -> bool {
        if self.place[node] > self.place[other] { self.waits_for(node, other) } else { self.waits_for(other, node) }
    }

    /// The place of a node in the graph's order.
    pub fn place(&self, node: usize) -> usize {
        self.place[node]
    }
}
