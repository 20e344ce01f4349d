//! What is heard of a program that was never executed, because what was to hold it could not.

use super::error::{EXIT_NOT_CONFINED, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND};

/// Returns why the program was never executed, when its exit code and its only words are those of the helper or of bubblewrap.
///
/// Programs may say the same themselves: what follows from it must not be to their advantage.
pub fn why_not_held(code: i32, words: &str) -> Option<&str> {
    const CODES: [u8; 3] = [EXIT_NOT_CONFINED, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND];
    let helper =
        CODES.iter().any(|known| i32::from(*known) == code).then(|| words.strip_prefix("legion confine: ")).flatten();
    let bwrap = (code == 1).then(|| words.strip_prefix("bwrap: ")).flatten();
    helper.or(bwrap).filter(|why| !why.contains('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_helper_and_bubblewrap_speak_for_a_program_that_never_was() {
        assert_eq!(why_not_held(125, "legion confine: no bubblewrap was named"), Some("no bubblewrap was named"));
        assert_eq!(why_not_held(1, "bwrap: no user namespaces"), Some("no user namespaces"));
        for (code, words) in [
            (0, "legion confine: x"),
            (1, "legion confine: x"),
            (125, "bwrap: x"),
            (125, "test failed"),
            (125, "legion confine: x\nand more"),
        ] {
            assert_eq!(why_not_held(code, words), None, "{code} {words}");
        }
    }
}
