//! The shell code that the agents write.

/// The first version of a module of the first act.
pub(super) fn first(module: &str) -> Option<&'static str> {
    Some(match module {
        "wordcount" => "# Prints how many words the input has.\nwc -w | tr -d ' '\n",
        "longest" => {
            "# Prints the longest word of the input; of several, the first.\n\
             awk '{ for (i = 1; i <= NF; i++) if (length($i) > length(longest)) longest = $i } END { print longest }'\n"
        }
        "titlecase" => {
            "# Prints each line with a capital at the beginning of each word.\n\
             awk '{ for (i = 1; i <= NF; i++) $i = toupper(substr($i, 1, 1)) tolower(substr($i, 2)); print }'\n"
        }
        // As it is told: the simplest one, which does not pass.
        "slugify" => "# Prints each line as a part of a URL.\ntr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]/-/g'\n",
        _ => return None,
    })
}

/// The second version of what is told to begin with one that does not pass.
pub(super) fn mended(name: &str) -> Option<&'static str> {
    Some(match name {
        "slugify" => {
            "# Prints each line as a part of a URL.\n\
             tr '[:upper:]' '[:lower:]' | sed -e 's/[^a-z0-9][^a-z0-9]*/-/g' -e 's/^-//' -e 's/-$//'\n"
        }
        "wrap" => "# Breaks lines at blanks, so that none is longer than 20 columns.\nfold -s -w 20 | sed 's/ *$//'\n",
        _ => return None,
    })
}

const TEXT: &str = r#"# Runs one of the filters in lib on standard input.
set -eu
lib=$(dirname "$0")/../lib
case ${1-} in
  list)
    for filter in "$lib"/*.sh; do basename "$filter" .sh; done
    ;;
  *)
    if [ ! -f "$lib/${1-}.sh" ]; then
      echo "text: there is no filter \`${1-}\`" >&2
      exit 2
    fi
    sh "$lib/$1.sh"
    ;;
esac
"#;

const HELP: &str = r#"  help)
    for filter in "$lib"/*.sh; do
      printf '%-10s %s\n' "$(basename "$filter" .sh)" "$(sed -n '1s/^# //p' "$filter")"
    done
    ;;
"#;

const CHAIN: &str = r#"  chain)
    shift
    text=$(cat)
    for filter; do
      text=$(printf '%s\n' "$text" | sh "$0" "$filter")
    done
    printf '%s\n' "$text"
    ;;
"#;

/// What stands behind the branches of the commands.
const OTHERWISE: &str = "  *)\n";

/// The file of a piece of the second act.
pub(super) fn file(piece: &str) -> String {
    match piece {
        "text" | "help" | "chain" => "bin/text".to_owned(),
        filter => format!("lib/{filter}.sh"),
    }
}

/// Whether a piece is added to a file that is there.
pub(super) fn is_branch(piece: &str) -> bool {
    branch(piece).is_some()
}

fn branch(piece: &str) -> Option<&'static str> {
    match piece {
        "help" => Some(HELP),
        "chain" => Some(CHAIN),
        _ => None,
    }
}

/// The first version of a piece; `known` is the file as it was read.
pub(super) fn piece(piece: &str, known: Option<&str>) -> Option<String> {
    if let Some(branch) = branch(piece) {
        return Some(known?.replacen(OTHERWISE, &format!("{branch}{OTHERWISE}"), 1));
    }
    Some(match piece {
        "text" => TEXT.to_owned(),
        "wrap" => "# Breaks lines so that none is longer than 20 columns.\nfold -w 20\n".to_owned(),
        "frequency" => "# Prints each word with how often it is there, the most frequent first.\n\
             tr -s ' ' '\\n' | sort | uniq -c | sort -k 1,1nr -k 2 | sed 's/^ *//'\n"
            .to_owned(),
        _ => return None,
    })
}

/// The program with the work of both who added to it.
pub(super) fn whole() -> String {
    TEXT.replacen(OTHERWISE, &format!("{HELP}{CHAIN}{OTHERWISE}"), 1)
}
