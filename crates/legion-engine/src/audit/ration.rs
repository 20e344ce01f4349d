//! How many refusals of one caller are entered. Pure.

/// Refusals of one caller that are entered in a window.
const ENTERED_MAX: u32 = 10;
const WINDOW_MS: u64 = 60_000;
/// The window of one that goes on and on.
const WINDOW_MS_MAX: u64 = 60 * 60_000;

/// What of one caller was entered, and what was only counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ration {
    until_ms: u64,
    window_ms: u64,
    entered: u32,
    omitted: u64,
    overran: bool,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Enter,
    /// Only counted. For the first of a window: in how many milliseconds the count is to be settled.
    Omit {
        first_of: Option<u64>,
    },
}

impl Ration {
    pub(crate) fn take(&mut self, now_ms: u64) -> Taken {
        if now_ms >= self.until_ms {
            // One that overran its ration waits twice as long for the next.
            self.window_ms = if self.overran { (self.window_ms * 2).min(WINDOW_MS_MAX) } else { WINDOW_MS };
            self.until_ms = now_ms + self.window_ms;
            (self.entered, self.overran) = (0, false);
        }
        if self.entered < ENTERED_MAX {
            self.entered += 1;
            return Taken::Enter;
        }
        let first_of = (!self.overran).then(|| self.until_ms - now_ms);
        self.overran = true;
        self.omitted += 1;
        Taken::Omit { first_of }
    }

    /// What was only counted since the last time.
    pub(crate) fn settle(&mut self) -> u64 {
        std::mem::take(&mut self.omitted)
    }

    /// Whether nothing of it is worth remembering.
    pub(crate) fn is_quiet(&self, now_ms: u64) -> bool {
        self.omitted == 0 && now_ms >= self.until_ms + self.window_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_refusals_is_a_few_entries_and_all_of_them_are_counted() {
        let mut ration = Ration::default();
        let (mut entered, mut counted, mut settles) = (0_u64, 0, 0);
        let mut settle_at = None;
        let asked = 24 * 60 * 60 * 10;
        for now_ms in (0..asked).map(|step| step * 100) {
            if settle_at.is_some_and(|at| now_ms >= at) {
                counted += ration.settle();
                settle_at = None;
                settles += 1;
            }
            match ration.take(now_ms) {
                Taken::Enter => entered += 1,
                Taken::Omit { first_of: Some(left) } => settle_at = Some(now_ms + left),
                Taken::Omit { first_of: None } => {}
            }
        }
        counted += ration.settle();
        assert_eq!(entered + counted, asked, "nothing is lost");
        assert!(entered + settles < 400, "{entered} entries and {settles} counts in a day");
    }

    #[test]
    fn one_that_is_refused_now_and_then_is_entered_each_time() {
        let mut ration = Ration::default();
        for minute in 0..1_000 {
            for step in 0..5 {
                assert_eq!(ration.take(minute * WINDOW_MS + step), Taken::Enter);
            }
        }
        assert!(!ration.is_quiet(1_000 * WINDOW_MS) && ration.is_quiet(2_000 * WINDOW_MS));
    }
}
