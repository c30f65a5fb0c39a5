import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  Frames,
  noSuchFile,
  Printed,
  quoted,
  readScript,
  request,
  writeScript,
} from '../../src/runtime/docker/node/shell-text.ts'
import { nodeEntry } from '../../src/runtime/network/node-entry.ts'
import { nodeImageFile } from '../../src/runtime/network/node-image.ts'

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8)
  head[0] = stream
  const body = Buffer.from(text)
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, body])
}

const awkward = `it's "$HOME" \`id\` $(id) \\ \\n %s é
last`

describe('what is said to a shell', () => {
  test('a word is what it was, whatever is in it', () => {
    expect(execFileSync('sh', ['-c', `printf %s ${quoted(awkward)}`], { encoding: 'utf8' })).toBe(awkward)
  })

  test.each([
    {
      title: 'a script that ends well',
      script: 'echo one; echo two >&2',
      text: 'one\n',
      beside: '0',
      words: /^two\n$/,
    },
    { title: 'one that does not', script: 'printf x; exit 7', text: 'x', beside: '7', words: /^$/ },
    { title: 'nothing to read', script: 'cat', text: '', beside: '0', words: /^$/ },
    { title: 'a variable that is not set', script: 'echo $nothing', text: '', beside: '2', words: /nothing/ },
    { title: 'no shell at all', script: 'echo )', text: '', beside: '2', words: /yntax error/ },
  ])('a request: $title', ({ script, text, beside, words }) => {
    const input = `${request(script, 'MARK')}${request('echo next', 'MARK')}`
    const { stdout, stderr } = spawnSync('sh', [], { input })
    const [out, err] = [new Printed('MARK'), new Printed('MARK')]
    expect([out.add(stdout), err.add(stderr)]).toEqual([true, true])
    expect(out.result()).toEqual({ text, beside })
    expect(err.result().text).toMatch(words)
    expect(stdout.toString()).toContain('next')
  })

  test('a path that leaves the state folder is refused', () => {
    expect(() => readScript('../etc/passwd')).toThrow('expected a path below /state')
    expect(() => writeScript([{ path: '/etc/passwd', text: '' }], '/state/.stage')).toThrow('expected a path below')
  })

  test('files of one folder go with one command, in their order', () => {
    const script = writeScript(
      [
        { path: 'maps/a', text: 'one' },
        { path: '/state/maps/b', text: "it's", mode: 0o600 },
        { path: 'maps/c', text: undefined },
        { path: 'dns/run.sh', text: 'x\0y', mode: 0o755 },
      ],
      '/state/.stage',
    )
    expect(script).toBe(`set -e
trap 'rm -rf /state/.stage' EXIT
[ -d /state/.stage ] || mkdir /state/.stage
[ -d '/state/maps' ] || mkdir -p '/state/maps'
umask 0133
printf %s 'one' >'/state/.stage/a'
umask 0022
umask 0177
printf %s 'it'\\''s' >'/state/.stage/b'
umask 0022
mv -f -- '/state/.stage/a' '/state/.stage/b' '/state/maps'/
rm -f -- '/state/maps/c'
[ -d '/state/dns' ] || mkdir -p '/state/dns'
umask 0022
echo eAB5 | base64 -d >'/state/.stage/run.sh'
umask 0022
chmod 755 '/state/.stage/run.sh'
mv -f -- '/state/.stage/run.sh' '/state/dns'/
trap - EXIT`)
  })

  test('a file that is not there is told by a status of its own', () => {
    expect(readScript('x')).toBe(`[ -e '/state/x' ] || exit ${noSuchFile}; cat '/state/x'`)
  })
})

describe('what a shell says', () => {
  test.each([1, 2, 3, 7, 1000])('frames are taken apart, %i bytes at a time', (size) => {
    const bytes = Buffer.concat([frame(1, 'one'), frame(2, 'err'), frame(1, ''), frame(1, ' two é')])
    const printed = { out: [] as Buffer[], err: [] as Buffer[] }
    const frames = new Frames((stream, piece) => printed[stream].push(piece))
    for (let at = 0; at < bytes.length; at += size) frames.add(bytes.subarray(at, at + size))
    expect(Buffer.concat(printed.out).toString()).toBe('one two é')
    expect(Buffer.concat(printed.err).toString()).toBe('err')
  })

  test.each([1, 2, 5, 100])('an answer is complete with the end of its line, %i bytes at a time', (size) => {
    const bytes = Buffer.from('text with MAR and é\nMARK 12\n')
    const printed = new Printed('MARK')
    const complete: boolean[] = []
    for (let at = 0; at < bytes.length; at += size) complete.push(printed.add(bytes.subarray(at, at + size)))
    expect(complete.indexOf(true)).toBe(complete.length - 1)
    expect(printed.result()).toEqual({ text: 'text with MAR and é\n', beside: '12' })
  })
})

describe('the node container', () => {
  test('its script is one that a shell can read', () => {
    expect(execFileSync('sh', ['-n'], { input: nodeEntry, encoding: 'utf8' })).toBe('')
  })

  test('its Dockerfile in the product is that of the project', () => {
    expect(nodeImageFile).toBe(readFileSync(new URL('../../node-image/Dockerfile', import.meta.url), 'utf8'))
  })
})
