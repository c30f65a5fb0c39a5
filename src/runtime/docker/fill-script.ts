// What a helper container does to copy one volume into another. Pure.

/** Where the volumes are in the helper. */
export const fillFrom = '/from'
export const fillTo = '/to'
/** Writable, in memory. */
export const fillScratch = '/tmp'

/**
 * Empties the target, which may have a part of an earlier attempt, and copies all of the source with owners, modes, times and links; file
 * systems that can share blocks between files do so where the image's `cp` asks for it. A file that vanishes while it is copied is none
 * that has to be there. The last line that is printed says what went wrong.
 */
export function fillScript(limitBytes: number): string {
  const limit = Math.floor(limitBytes / 1024)
  return `export LC_ALL=C
renice -n 19 $$ >/dev/null 2>&1; ionice -c 3 -p $$ >/dev/null 2>&1
has=$(du -sk ${fillFrom} | cut -f 1)
if [ "$has" -gt ${limit} ]; then echo "it has $has KiB, and the claim asks for ${limit} KiB"; exit 3; fi
find ${fillTo} -mindepth 1 -maxdepth 1 -exec rm -rf {} + || { echo 'what an earlier attempt left cannot be removed'; exit 4; }
flags=-a
: >${fillScratch}/a; if cp --reflink=auto ${fillScratch}/a ${fillScratch}/b 2>/dev/null; then flags='-a --reflink=auto'; fi
cp $flags ${fillFrom}/. ${fillTo}/ 2>${fillScratch}/errors
if grep -v 'No such file or directory' ${fillScratch}/errors | tail -n 1 | grep .; then exit 5; fi
sync
`
}
