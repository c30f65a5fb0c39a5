// What a helper container does to copy one volume into another. Pure.

/** Where the volumes are in the helper. */
export const fillFrom = '/from'
export const fillTo = '/to'
/** Writable, in memory. */
export const fillScratch = '/tmp'

/** A copy ends while there is still so much of its disk free: a twentieth of it, or 1 GiB. Whatever else is on the host goes first. */
const mostReserveKiB = 1024 * 1024

/**
 * Empties the target, which may have a part of an earlier attempt, and copies all of the source with owners, modes, times and links; file
 * systems that can share blocks between files do so where the image's `cp` asks for it. A file that vanishes while it is copied is none
 * that has to be there. The last line that is printed says what went wrong; nothing is left of a copy that did not come to its end.
 */
export function fillScript(limitBytes: number): string {
  const limit = Math.floor(limitBytes / 1024)
  return `export LC_ALL=C
renice -n 19 $$ >/dev/null 2>&1; ionice -c 3 -p $$ >/dev/null 2>&1
has=$(du -sk ${fillFrom} | cut -f 1)
if [ "$has" -gt ${limit} ]; then echo "it has $has KiB, and the claim asks for ${limit} KiB"; exit 3; fi
empty() { find ${fillTo} -mindepth 1 -maxdepth 1 -exec rm -rf {} +; }
empty || { echo 'what an earlier attempt left cannot be removed'; exit 4; }
room() { set -- $(df -Pk ${fillTo} | tail -n 1); size=$2; free=$4; }
room; reserve=$((size / 20)); if [ $reserve -gt ${mostReserveKiB} ]; then reserve=${mostReserveKiB}; fi
full() { echo "the disk of its host is almost full: a copy leaves $reserve KiB of it free"; exit 6; }
if [ $free -lt $reserve ]; then full; fi
flags=-a
: >${fillScratch}/a; if cp --reflink=auto ${fillScratch}/a ${fillScratch}/b 2>/dev/null; then flags='-a --reflink=auto'; fi
cp $flags ${fillFrom}/. ${fillTo}/ 2>${fillScratch}/errors & copy=$!
while sleep 0.5 2>/dev/null || sleep 1; do
  room; if [ $free -lt $reserve ]; then : >${fillScratch}/full; kill $copy 2>/dev/null; fi
done & watch=$!
wait $copy; code=$?; kill $watch 2>/dev/null
room; if [ -e ${fillScratch}/full ] || [ $free -lt $reserve ]; then empty; full; fi
if [ $code -gt 128 ]; then empty; echo 'the copy was killed'; exit 7; fi
if grep -v 'No such file or directory' ${fillScratch}/errors | tail -n 1 | grep .; then empty; exit 5; fi
sync
`
}
