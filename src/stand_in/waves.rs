//! Waves: answers are held until all calls of a wave are there, so that a client that asks one by one times out.

use tokio::sync::watch;

/// The waves that are still to come.
pub(super) struct Waves(watch::Sender<State>);

#[derive(Default)]
struct State {
    sizes: Vec<usize>,
    current: usize,
    waiting: usize,
    generation: u64,
}

impl Waves {
    pub(super) fn none() -> Self {
        Self(watch::Sender::default())
    }

    /// Starts over with these sizes; calls that were held are let go.
    pub(super) fn hold(&self, sizes: &[usize]) {
        self.0.send_modify(|state| {
            let sizes = sizes.iter().copied().filter(|size| *size > 0).collect();
            *state = State { sizes, generation: state.generation + 1, ..State::default() };
        });
    }

    /// Takes a place in the current wave; `None` if no wave is left.
    pub(super) fn join(&self) -> Option<Place<'_>> {
        let mut place = None;
        self.0.send_modify(|state| {
            if let Some(size) = state.sizes.get(state.current) {
                place = Some(Place { waves: self, wave: state.current, generation: state.generation });
                state.waiting += 1;
                if state.waiting >= *size {
                    state.current += 1;
                    state.waiting = 0;
                }
            }
        });
        place
    }
}

/// A place in a wave; given up when dropped, as when the client leaves.
pub(super) struct Place<'a> {
    waves: &'a Waves,
    pub(super) wave: usize,
    generation: u64,
}

impl Place<'_> {
    fn is_held(&self, state: &State) -> bool {
        state.generation == self.generation && state.current == self.wave
    }

    /// Waits until the wave is complete.
    pub(super) async fn released(&self) {
        // An error would mean that the sender, which `waves` owns, is gone.
        let _ = self.waves.0.subscribe().wait_for(|state| !self.is_held(state)).await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waves.0.send_modify(|state| {
            if self.is_held(state) {
                state.waiting -= 1;
            }
        });
    }
}
