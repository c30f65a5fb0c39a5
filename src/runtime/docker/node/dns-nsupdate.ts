// Scripts for the node container that hand messages to nsupdate. To start it takes longer than what it does, so one is kept for each shell
// that asks; it ends with the container, or when another shell begins and that one is gone.
import { dnsFolder, runFolder } from '../../network/dns-files.ts'
import { quoted } from './shell-text.ts'

/** More than these at once are not worth the care for what is not read yet: a pipe holds 64 KiB. */
const mostKept = 20
const program = `nsupdate -v -t 5 -k /state/${dnsFolder}/key`
const folders = '/dev/shm/berth-nsupdate.'

/** What is told after the answer of the question. */
const end = ';end.berth.'

/**
 * Sends the messages to the server of this container; prints its control port, then what nsupdate says. `renew`: not with the one that
 * was kept.
 */
export function sendScript(address: string, messages: readonly string[], renew: boolean): string {
  return `read -r port <${runFolder}/port || exit 1
echo "$port"
${messages.length > mostKept ? sendOnce(address, messages) : sendKept(address, messages, renew)}`
}

function sendOnce(address: string, messages: readonly string[]): string {
  return `{ echo "server ${address} $port"; printf %s ${quoted(messages.map(withAnswer).join(''))}; } | ${program}`
}

function sendKept(address: string, messages: readonly string[], renew: boolean): string {
  return `own=${folders}$$
kept() { read -r pid <"$1/pid" && read -r name <"/proc/$pid/comm" && [ "$name" = nsupdate ]; }
drop() { if kept "$1"; then kill "$pid"; fi; rm -rf "$1"; }
begin() {
  for folder in ${folders}*; do
    [ -e "/proc/\${folder#${folders}}" ] && [ "$folder" != $own ] || drop "$folder"
  done
  mkdir $own && mkfifo $own/in $own/out || exit 1
  # Told to be used by a person, it prints at once.
  ${program} -i <>$own/in 1<>$own/out 2>&1 &
  echo $! >$own/pid
}
{ ${renew ? 'false' : 'kept $own'}; } 2>/dev/null || begin 2>/dev/null
exec 3<>$own/in 4<$own/out
printf 'server ${address} %s\\n%szone end.berth\\nshow\\n' "$port" ${quoted(messages.map(withAnswer).join(''))} >&3
while IFS= read -r line; do
  case $line in *'${end}'*) exit 0 ;; esac
  printf '%s\n' "$line"
done <&4
echo 'nsupdate has ended' >&2
exit 1`
}

function withAnswer(message: string): string {
  return `${message}answer\n`
}

/** The control port of the server that has taken all messages; what is said against it, as an Error, where one was not. */
export function sentTo(told: string, messages: number): string | Error {
  const [head = '', ...answers] = told.split(/^.*Answer:$/m)
  const taken = answers.filter((answer) => /opcode: UPDATE, status: NOERROR/.test(answer)).length
  if (taken === messages) return head.slice(0, head.indexOf('\n'))
  const words = told.split('\n').filter((line) => /fail|error|invalid|refus|could not|bad/i.test(line))
  return new Error(`the DNS server took ${taken} of ${messages} messages: ${words.join(' ').slice(0, 300)}`)
}
