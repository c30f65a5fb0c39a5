/**
 * Prints `own INODE` for each socket of our programs in the container, then sockets of the host as lines of /proc/net after the name of the
 * protocol: for `readListeners`.
 */
export function listenersScript(protocols: readonly ('tcp' | 'udp')[]): string {
  const states = { tcp: '0A', udp: '07' }
  return [
    `for pid in $(cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9]*\\) (\\(haproxy\\|named\\)).*/\\1/p'); do`,
    `  ls -l /proc/$pid/fd 2>/dev/null | sed -n 's/.*socket:\\[\\([0-9]*\\)\\].*/own \\1/p'`,
    'done',
    ...protocols.map(
      (name) => `cat /proc/net/${name} /proc/net/${name}6 2>/dev/null | grep ' ${states[name]} ' | sed 's/^/${name} /'`,
    ),
    'true',
  ].join('\n')
}
