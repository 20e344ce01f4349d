# A worker: writes one module and tests it. Told that it fails, it reads why and writes it again.
# Started anew for every message, with the message on standard input. The exit code says whether the test passed.
set -eu
module=$1
message=$(cat)

# Work takes a moment, so that a person can watch it.
sleep 1

mkdir -p lib
case $module in
  wordcount)
    cat > lib/wordcount.sh << 'END'
# Prints how many words the input has.
wc -w | tr -d ' '
END
    ;;
  longest)
    cat > lib/longest.sh << 'END'
# Prints the longest word of the input; of several, the first.
awk '{ for (i = 1; i <= NF; i++) if (length($i) > length(longest)) longest = $i } END { print longest }'
END
    ;;
  slugify)
    # The obvious solution: a dash for everything that is no letter or digit.
    cat > lib/slugify.sh << 'END'
# Turns each line into a part of a URL.
tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]/-/g'
END
    case $message in
      *'not ok'*'expected'*'--'*)
        # The test showed several dashes where one was expected.
        cat > lib/slugify.sh << 'END'
# Turns each line into a part of a URL: small letters and digits, one dash between words, none at the ends.
tr '[:upper:]' '[:lower:]' | sed -e 's/[^a-z0-9][^a-z0-9]*/-/g' -e 's/^-//' -e 's/-$//'
END
        ;;
    esac
    ;;
  titlecase)
    cat > lib/titlecase.sh << 'END'
# Gives each word of each line a capital, and small letters behind it.
awk '{ for (i = 1; i <= NF; i++) $i = toupper(substr($i, 1, 1)) tolower(substr($i, 2)); print }'
END
    ;;
  *) echo "no such module: $module" >&2; exit 2 ;;
esac

echo "wrote lib/$module.sh"
sh "tests/$module.sh"
