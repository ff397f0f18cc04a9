#!/bin/sh
# Checks the log of a case with sh, jq (1.6 or later), sha256sum and ssh-keygen, and nothing of the toolkit that wrote it.
#
#   sh verify.sh [FOLDER] [--signers FILE | --fingerprint SHA256:…] [--seen CHECKPOINT] [--level 0|1|2|3]
#
# FOLDER: the unpacked bundle (default: where this script lies). --signers, --fingerprint: the key that you trust; have
# it from the signer directly, not from this folder. --seen: a checkpoint that you kept from an earlier day.
# Exit code 0: holds as far as asked. 1: something is wrong. 2: cannot check. 3: nothing wrong, but less than asked.

set -u
LC_ALL=C
export LC_ALL
NAMESPACE=verify-log-checkpoint
FORMAT=verify-log/1

folder=${0%/*}; [ "$folder" = "$0" ] && folder=.
signers=; fingerprint=; seen=; level=
usage() { echo "usage: sh verify.sh [FOLDER] [--signers FILE | --fingerprint SHA256:…] [--seen FILE] [--level N]" >&2; exit 2; }
while [ $# -gt 0 ]; do
    case $1 in
    --signers | --fingerprint | --seen | --level)
        [ $# -ge 2 ] || usage
        case $1 in
        --signers) signers=$2 ;; --fingerprint) fingerprint=$2 ;; --seen) seen=$2 ;; --level) level=$2 ;;
        esac
        shift 2 ;;
    -*) usage ;;
    *) folder=$1; shift ;;
    esac
done
[ -n "$level" ] || { level=2; [ -z "$signers$fingerprint" ] || level=3; }
case $level in 0 | 1 | 2 | 3) ;; *) usage ;; esac
for tool in jq sha256sum ssh-keygen; do
    command -v "$tool" >/dev/null || { echo "verify.sh: $tool is not installed" >&2; exit 2; }
done
for file in "$signers" "$seen"; do
    [ -z "$file" ] || [ -r "$file" ] || { echo "verify.sh: $file cannot be read" >&2; exit 2; }
done

log=$folder/log/verification.jsonl
broken=9   # the lowest level with something wrong
short=9    # the lowest level with less than asked
wrong() { printf 'wrong [%s] %s\n' "$2" "$3"; [ "$1" -ge $broken ] || broken=$1; }
less() { printf 'short [%s] %s\n' "$2" "$3"; [ "$1" -ge $short ] || short=$1; }
finish() {
    low=$broken; [ $short -ge $low ] || low=$short
    for at in 0 1 2 3; do
        [ $at -le "$level" ] || break
        case $at in
        0) says="every line is whole and in the one canonical form" not="that nothing was changed" ;;
        1) says="every entry hangs on the one before, and no checkpoint contradicts them"
            not="an edit of the last entries, a dropped tail or a log written anew, unless a signature you trust covers it" ;;
        2) says="every file that the log names is here with the bytes that were logged"
            not="that a file is what it is said to be, or was unchanged before it was taken in" ;;
        3) says="the whole log is signed by a key that you named"
            not="when it was written (the clock is the signer's own), or that the holder of the key did not write it anew" ;;
        esac
        if [ $at -lt $low ]; then
            printf 'level %s holds: %s\n        It does not show %s.\n' $at "$says" "$not"
        else
            printf 'level %s DOES NOT HOLD, that %s\n' $at "$says"
        fi
    done
    [ $broken -eq 9 ] || exit 1
    [ $short -gt "$level" ] || exit 3
    exit 0
}
newline="
"
digest_of() { at=$(sha256sum); printf '%s' "${at%% *}"; }

print_of() { of=$(printf '%s\n' "$1" | ssh-keygen -lf /dev/stdin 2>/dev/null); of=${of#* }; printf '%s' "${of%% *}"; }

# --- level 0: the lines ---------------------------------------------------------------------------------------------

for part in log log/checkpoints log/private store store/sha256; do
    [ ! -L "$folder/$part" ] || wrong 2 link "$part: a symbolic link stands where a folder of the case was"
done
if [ -L "$log" ]; then
    wrong 2 link "a symbolic link stands where the log was"
    finish
fi
[ -f "$log" ] && [ -r "$log" ] || { echo "verify.sh: there is no log in $folder" >&2; exit 2; }

# Whole lines only: what stands behind the last line end was torn off while it was written.
lines() { while IFS= read -r line; do printf '%s\n' "$line"; done <"$log"; }
is=$(digest_of <"$log")
if [ ! -s "$log" ]; then
    wrong 0 empty "the log holds no entry"
    finish
elif [ "$(lines | digest_of)" != "$is" ] && [ "$(jq -Rs 'endswith("\n")' <"$log" 2>/dev/null)" != true ]; then
    less 0 torn "the last line is incomplete: something stopped while it was written"
    is=$(lines | digest_of); canonical=$(lines | jq -cS . 2>/dev/null | digest_of)
else
    canonical=$(jq -cS . <"$log" 2>/dev/null | digest_of)
fi
if [ "$is" != "$canonical" ]; then
    wrong 0 canonical "jq does not make the same bytes again: a line is not in the one canonical form"
    finish
fi

# Each line behind the digest of its bytes, line end included.
stream=$(lines | while IFS= read -r line; do
    at=$(printf '%s\n' "$line" | sha256sum)
    printf '"%s"\n%s\n' "${at%% *}" "$line"
done)

# --- levels 0 and 1: form, chain, order, clock; then what the log names ----------------------------------------------

facts=$(printf '%s\n' "$stream" | jq -nr '
def hex: type == "string" and test("\\A[0-9a-f]{64}\\z");
def alias: type == "string" and test("\\A~[0-9a-f]{64}\\z");
def aliases: [.body.evidence, .body.archive | select(alias)] | unique;
def name: type == "string" and test("\\A[a-z0-9][a-z0-9-]{0,63}\\z");
def file: type == "string"
    and test("\\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}\\z");
def count: type == "number" and . >= 1;
def exact: tostring == (. + 0 | tostring) and . == floor and . < 9007199254740992 and . > -9007199254740992;
def visible: test("[\\x{0}-\\x{1f}\\x{7f}-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}\\x{feff}]") | not;
def number_like($at; $parts): $at == 1 and $parts[0] == "" and ($parts[1] | test("\\Au00(2d|3[0-9]|69|6e)"));
def escapes(known): split("\\") as $parts
    | reduce range(1; $parts | length) as $at ({ok: true, pair: false};
        if .pair then .pair = false
        elif $parts[$at] == "" then .pair = true
        elif ($parts[$at] | known) or number_like($at; $parts) then .
        else .ok = false end)
    | .ok and (.pair | not);
def text: visible and ((contains("\\") | not) or escapes(
    test("\\Au(00[01][0-9a-f]|007f|00[89][0-9a-f]|061c|200[ef]|202[89a-e]|206[6-9]|feff|d[89a-f][0-9a-f]{2})")));
def key: (test("[^ -~]") | not)
    and ((contains("\\") | not) or escapes(test("\\A(u[0-9a-f]{4}|U[0-9a-f]{8})")));
def depth: if type == "object" or type == "array" then 1 + ([.[] | depth] | max // 0) else 0 end;
def plain: depth <= 66 and all(.. | numbers; exact) and all(.. | strings; text) and all(.. | objects | keys[]; key);

def calendar: type == "string" and test("\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\\z")
    and ((.[0:19] + "Z") as $time | (try ($time | fromdate | todate) catch "") == $time);
def actor: type == "object" and keys == ["key", "name"] and (.name | type == "string" and . != "")
    and (.key | type == "string" or . == null);
def kinds: ["open", "key", "intake", "known", "appearance", "check", "search-without-result", "note", "claim",
    "hypothesis", "link", "grade", "review", "conclusion", "correction", "redaction", "export", "checkpoint", "anchor",
    "recovery"];
def back: {link: "entry", correction: "supersedes", redaction: "entry"};
def form: type == "object" and keys == ["actor", "body", "kind", "prev", "private", "seq", "time", "v"]
    and .v == 1 and (.kind as $kind | kinds | index([$kind]) != null) and (.seq | count) and (.actor | actor)
    and (.body | type == "object") and (.prev | hex) and (.private == null or (.private | hex))
    and (.seq as $seq | .body[back[.kind] // ""] as $to | back[.kind] == null or (($to | count) and $to < $seq))
    and (.kind != "export" or ((.body.file | file) and (.body.digest | hex)))
    and (.time | calendar);

def wrong($code; $line; $text): "wrong \(if $code == "form" or $code == "canonical" then 0 else 1 end) \($code) line \($line) \($text)";
def broken($digests; $loose; $at): .prev as $prev
    | ($digests[0:$at] | index([$digests[$at]])) as $twin | ($digests[0:$at] | index([$prev])) as $parent
    | if $twin != null then wrong("duplicate"; $at + 1; "is line \($twin + 1) again")
      elif $parent == null then wrong("chain"; $at + 1; "does not hang on the line before it: one of them was changed, or lines between are gone")
      elif $loose["\($parent + 1)"] then wrong("order"; $at + 1; "hangs on line \($parent + 1): the order of the lines was changed")
      else wrong("fork"; $at + 1; "and line \($parent + 2) both continue line \($parent + 1): a fork by two writers, which need not be tampering") end;

[inputs] as $all
| [$all[range(0; $all | length; 2)]] as $digests | [$all[range(1; $all | length; 2)]] as $entries
| [$entries[] | if plain | not then "canonical" elif form | not then "form" else "good" end] as $forms
| (reduce (range(0; $entries | length) as $at | select($forms[$at] == "good") | $entries[$at]
        | select(.kind == "intake" and .private != null) | aliases[] | {name: ., line: ($at + 1)}) as $one
    ({}; .[$one.name] = (.[$one.name] // $one.line))) as $introduced
| (now + 300 | floor | todate | .[0:19] + ".999Z") as $latest
| reduce range(0; $entries | length) as $at ({said: [], next: 1, time: "", loose: {}};
    $entries[$at] as $entry
    | if $forms[$at] == "canonical" then .said += [wrong("canonical"; $at + 1; "has a number, text or key that is not written by the rule of the log")]
      elif $forms[$at] == "form" then .said += [wrong("form"; $at + 1; "is no entry of this version: a field is missing, unknown or of the wrong form")]
      else
        (if $at == 0 then
            if $entry.kind == "open" and ($entry.body.case | name) and ($entry.body.nonce | hex) and $entry.seq == 1 then .genesis = "genesis \($entry.body.case) \($entry.body.nonce) \($entry.prev)"
            else .said += [wrong("genesis"; 1; "does not hang on its own case and nonce: the beginning is missing or of another case")] end
        elif $entry.kind == "open" then .said += [wrong("form"; $at + 1; "opens the log a second time")]
        elif $entry.prev != $digests[$at - 1] then
            .said += [.loose as $loose | $entry | broken($digests; $loose; $at)] | .loose["\($at)"] = true
        elif $entry.seq != .next then .said += [wrong("sequence"; $at + 1; "is numbered \($entry.seq); expected \(.next)")]
        else . end)
        | if $entry.time < .time and ($entry.kind != "recovery" or $entry.body.what != "clock set back")
          then .said += [wrong("clock"; $at + 1; "says a time before the line above it")] else . end
        | if $entry.time > $latest then .said += [wrong("future"; $at + 1; "says a time that has not come yet")] else . end
        | .next = $entry.seq + 1 | .time = $entry.time
      end)
| .said[], (.genesis // empty),
  (range(0; $entries | length) as $at | select($forms[$at] == "good") | $entries[$at] | ($at + 1) as $line | .body as $body
    | if .private != null then "private \(.seq) \(.private)" + (if .kind == "intake" then aliases | map(" " + .) | join("") else "" end) else empty end,
      (if .kind == "intake" then $body.evidence, $body.archive
       elif .kind == "known" then $body.digest
       elif .kind == "check" then
            $body.picture, ($body.compared | arrays | .[] | objects | .digest),
            ($body.findings | arrays | .[] | objects | .pairs | objects | .digest)
       else null end
       | select(. != null)
       | if hex or (alias and ($introduced[.] // ($line + 1)) <= $line) then "file \($line) \(.)"
         elif alias then wrong("form"; $line; "names a file by an alias that no intake introduced")
         else wrong("form"; $line; "names a file by something that is no SHA-256 in lower-case hex") end),
      (if .kind == "redaction" and ($body.digest | hex or alias) then "waive \($body.digest)" else empty end),
      (if .kind == "export" then "export \($line) \($body.digest) \($body.file)" else empty end),
      (if .kind == "checkpoint" then "announced \($line)" else empty end),
      (if .kind == "key" then
        if ($body.public | type == "string" and test("\\Assh-ed25519 [A-Za-z0-9+/]+={0,2}\\z")) and ($body.fingerprint | type == "string")
            and ($body.fingerprint | test("\\ASHA256:[A-Za-z0-9+/]{43}\\z"))
        then "key \($line) \($body.public) \($body.fingerprint)"
        else wrong("form"; $line; "names no public Ed25519 key in the form of OpenSSH") end else empty end)),
  "digests \($digests | join(" "))"
' 2>/dev/null) || { wrong 0 form "the lines cannot be read as entries"; finish; }

case=; keys=; digests=; files=; waived=; private=; exports=; announced=; expected=
while read -r tag one two rest; do
    case $tag in
    genesis)
        case=$one
        [ "$(printf '%s\n%s\n%s\n' $FORMAT "$one" "$two" | digest_of)" = "$rest" ] ||
            wrong 1 genesis "line 1 does not hang on its own case and nonce: the beginning is of another case" ;;
    wrong) wrong "$one" "$two" "$rest" ;;
    private) private="$private$one $two $rest$newline" ;;
    file) case $files in *" $two$newline"*) ;; *) files="$files$one $two$newline" ;; esac ;;
    waive) waived="$waived $one" ;;
    export) exports="$one $two $rest$newline$exports" ;;
    announced) announced="$announced $one" ;;
    key) # entry, public key in two words, fingerprint
        public="$two ${rest% *}"
        if [ "$(print_of "$public")" = "${rest##* }" ]; then
            keys="$keys$one $public$newline"
            expected="${expected}verify-log namespaces=\"$NAMESPACE\" $public$newline"
        else wrong 0 form "line $one has a fingerprint that is another key's"; fi ;;
    digests) digests="$one $two $rest" ;;
    esac
done <<EOF
$facts
EOF
set -- $digests
entries=$#

# --- checkpoints ------------------------------------------------------------------------------------------------------

# compare FILE CODE NAME: what a checkpoint says of the log's length and head. Sets `size`.
compare() {
    { read -r origin && read -r size && read -r head; } <"$1" 2>/dev/null || { wrong 1 "$2" "$3 has not three lines"; return 1; }
    [ "$(printf '%s\n%s\n%s\n' "$origin" "$size" "$head" | digest_of)" = "$(digest_of <"$1")" ] ||
        { wrong 1 "$2" "$3 has not exactly three lines"; return 1; }
    case $size in '' | 0* | *[!0-9]* | ?????????*) wrong 1 "$2" "$3 has a size that is not written as a checkpoint's"; return 1 ;; esac
    if [ "$origin" != "$FORMAT $case" ]; then wrong 1 "$2" "$3 is of another case"; return 1; fi
    if [ "$size" -gt $entries ]; then wrong 1 "$2" "$3 is over $size entries, the log has $entries: the end is gone"; return 1; fi
    set -- "$1" "$2" "$3" $digests
    eval "is=\${$((size + 3))}"
    [ "$is" = "$head" ] || { wrong 1 "$2" "$3 has another head: entries up to $size were changed"; return 1; }
}
# signed_by KEYS FILE: whether one of these allowed signers signed it, for this purpose. Sets `who`.
signed_by() {
    who=$(printf '%s\n' "$1" | ssh-keygen -Y find-principals -s "$2.sig" -f /dev/stdin 2>/dev/null) || return 1
    who=${who%%"$newline"*}
    ssh-keygen -Y verify -f /dev/fd/3 -I "$who" -n $NAMESPACE -s "$2.sig" <"$2" >/dev/null 2>&1 3<<EOF
$1
EOF
}

[ -z "$seen" ] || compare "$seen" seen "the checkpoint that you kept"
found=" "; signed=0; trusted=0; by=
for file in "$folder"/log/checkpoints/*.txt; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    base=${file##*/}
    case $base in [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9].txt) ;; *) wrong 1 checkpoint "a checkpoint lies under an odd name"; continue ;; esac
    if [ -L "$file" ] || [ ! -f "$file" ]; then wrong 1 checkpoint "checkpoint $base is not a file"; continue; fi
    found="$found${base%.txt} "
    compare "$file" checkpoint "checkpoint $base" || continue
    if [ "$base" != "$(printf '%08d' "$size").txt" ]; then wrong 1 checkpoint "checkpoint $base lies under a name that is not its size"; continue; fi
    if [ -L "$file.sig" ]; then wrong 3 signature "the signature of checkpoint $base is a symbolic link"; continue; fi
    [ -e "$file.sig" ] || continue
    allowed=$(
        while read -r line public; do
            [ -z "$line" ] || [ "$line" -gt "$size" ] || printf 'key-%s %s\n' "$line" "$public"
        done <<EOF
$keys
EOF
    )
    if [ -z "$allowed" ] || ! signed_by "$allowed" "$file"; then
        wrong 3 signature "the signature of checkpoint $base is broken, for another purpose, or by a key that the log does not name"
        continue
    fi
    [ "$size" -le $signed ] || signed=$size
    public=${allowed#*"$who "}; public=${public%%"$newline"*}
    by=$(print_of "$public")
    if [ -n "$fingerprint" ] && [ "$by" = "$fingerprint" ]; then trust=yes
    elif [ -n "$signers" ] && signed_by "$(while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$signers")" "$file"; then trust=yes
    else trust=no; fi
    [ $trust = no ] || [ "$size" -le $trusted ] || trusted=$size
done
for at in $announced; do
    case $found in *" $(printf '%08d' "$at") "*) ;; *) wrong 1 checkpoint "entry $at speaks of a checkpoint that is not here" ;; esac
done

# --- level 2: the files -----------------------------------------------------------------------------------------------

if [ "$level" -ge 2 ]; then
    withheld=0; stands=$newline # what the private bodies say: lines of alias and digest
    while read -r seq digest aliases; do
        [ -n "$seq" ] || continue
        path=$folder/log/private/$(printf '%08d' "$seq").json
        if [ ! -e "$path" ] && [ ! -L "$path" ]; then withheld=$((withheld + 1))
        elif [ -L "$path" ] || [ ! -f "$path" ] || [ "$(digest_of <"$path")" != "$digest" ]; then
            wrong 2 private "the private body of entry $seq is not the one that the log commits to"
        elif [ -n "$aliases" ]; then
            opened=$([ "$(jq -cS . <"$path" 2>/dev/null | digest_of)" = "$digest" ] && jq -re --arg aliases "$aliases" '
                .body.stands_for | objects | select(keys == ($aliases | split(" ")))
                | select(all(.[]; type == "string" and test("\\A[0-9a-f]{64}\\z"))) | to_entries[] | "\(.key) \(.value)"' <"$path" 2>/dev/null) ||
                wrong 2 private "the private body of entry $seq does not say which file each alias of its entry stands for"
            while read -r alias stands_for; do
                case $stands in
                *"$newline$alias $stands_for$newline"*) ;;
                *"$newline$alias "* | *" $stands_for$newline"*)
                    wrong 2 private "the private body of entry $seq has a second alias for a file, or a second file for an alias" ;;
                *) [ -z "$alias" ] || stands="$stands$alias $stands_for$newline" ;;
                esac
            done <<EOF
$opened
EOF
        fi
    done <<EOF
$private
EOF
    [ $withheld -eq 0 ] || echo "$withheld private bodies are withheld; the log commits to them and holds without them."
    while read -r line name; do
        [ -n "$line" ] || continue
        digest=$name
        case $name in
        "~"*)
            case $stands in
            *"$newline$name "*) digest=${stands#*"$newline$name "}; digest=${digest%%"$newline"*} ;;
            *) echo "the file of entry $line is withheld, and so is its digest; its checks cannot be asked again."; continue ;;
            esac ;;
        esac
        first=${digest%"${digest#??}"}
        path=$folder/store/sha256/$first/$digest
        if [ -L "$folder/store/sha256/$first" ] || [ -L "$path" ]; then
            wrong 2 link "the file of entry $line is behind a symbolic link"
        elif [ ! -f "$path" ]; then
            case " $waived " in
            *" $name "* | *" $digest "*) echo "the file of entry $line is withheld, as the log says; its checks cannot be asked again." ;;
            *) wrong 2 missing "the file $digest of entry $line is not here" ;;
            esac
        elif [ "$(digest_of <"$path")" != "$digest" ]; then
            wrong 2 changed "the file $digest of entry $line has changed"
        fi
    done <<EOF
$files
EOF
    told=" "
    while read -r line digest name; do
        [ -n "$line" ] || continue
        case $told in *" $name "*) continue ;; esac # the newest export of a name counts, and comes first
        told="$told$name "
        path=$folder/$name
        if [ -L "$path" ] || { [ -e "$path" ] && { [ ! -f "$path" ] || [ "$(digest_of <"$path")" != "$digest" ]; }; }; then
            wrong 2 export "$name is not the file that entry $line says was exported"
        fi
    done <<EOF
$exports
EOF
fi

# --- level 3: the signer ----------------------------------------------------------------------------------------------

if [ "$level" -ge 3 ]; then
    path=$folder/keys/allowed_signers
    if [ -L "$path" ] || { [ -e "$path" ] && [ "$(digest_of <"$path")" != "$(printf '%s' "$expected" | digest_of)" ]; }; then
        wrong 3 signers "keys/allowed_signers names other keys than the log"
    fi
    if [ $signed -eq 0 ]; then less 3 unsigned "no checkpoint is signed"
    elif [ $trusted -eq 0 ]; then less 3 not-pinned "signed, but by no key that you named: $by"
    elif [ $trusted -lt $entries ]; then less 3 tail "signed up to entry $trusted; entries after it are not: $((entries - trusted))"
    fi
fi
set -- $digests
eval "head=\${$entries}"
echo "$case: $entries entries, head $head"
finish
