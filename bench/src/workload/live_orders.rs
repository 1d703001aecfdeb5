//! The live orders of a flow that is being made.

use super::random::Random;

/// The live orders, to choose from evenly.
#[derive(Debug)]
pub(crate) struct LiveOrders {
    ids: Vec<u32>,
    /// Where in `ids` an order stands.
    position: Vec<u32>,
}

impl LiveOrders {
    /// None, with room for ids up to the given one.
    pub(crate) fn up_to(id_end: u32) -> Self {
        Self { ids: Vec::new(), position: vec![0; id_end as usize + 1] }
    }

    /// How many.
    pub(crate) fn len(&self) -> u32 {
        self.ids.len() as u32
    }

    /// One of them.
    pub(crate) fn pick(&self, random: &mut Random) -> Option<u32> {
        (!self.ids.is_empty()).then(|| self.ids[random.below(self.len()) as usize])
    }

    /// Adds one that is not live yet.
    pub(crate) fn add(&mut self, id: u32) {
        self.position[id as usize] = self.len();
        self.ids.push(id);
    }

    /// Removes one that is live.
    pub(crate) fn remove(&mut self, id: u32) {
        let position = self.position[id as usize];
        self.ids.swap_remove(position as usize);
        if let Some(&moved) = self.ids.get(position as usize) {
            self.position[moved as usize] = position;
        }
    }
}
