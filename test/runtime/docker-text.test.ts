import { describe, expect, test } from 'vitest'
import { runtimeError } from '../../src/runtime/docker/api-errors.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { parseImage, referencesOf } from '../../src/runtime/docker/image-names.ts'
import { checkLimits } from '../../src/runtime/docker/limits.ts'
import { logLines } from '../../src/runtime/docker/log-lines.ts'
import { EngineAnswer, NoAnswer } from '../../src/runtime/docker/transport.ts'

test.each([
  ['create', 404, 'No such image: web:9', 'NO_SUCH_IMAGE', true],
  ['create', 409, 'Conflict. The container name "/x" is already in use by container "5f"', 'NAME_TAKEN', false],
  ['create', 400, 'No command specified', 'REFUSED', false],
  ['create', 500, 'json: cannot unmarshal string into Go struct field', 'REFUSED', false],
  ['start', 400, 'failed to create shim task: OCI runtime create failed', 'START_FAILED', true],
  ['start', 404, 'network shop not found', 'NO_SUCH_NETWORK', true],
  ['start', 500, 'driver failed programming external connectivity: port is already allocated', 'PORT_TAKEN', true],
  ['start', 500, 'unable to apply caps: operation not permitted', 'START_FAILED', true],
  ['start', 409, 'cannot join network of a non running container: 5f', 'START_FAILED', true],
  ['start', 403, 'no available IPv4 addresses on this network’s address pools', 'SUBNET_TAKEN', true],
  ['other', 404, 'No such container: 5f', 'NO_SUCH_CONTAINER', true],
  ['network', 403, 'Pool overlaps with other one on this address space', 'SUBNET_TAKEN', true],
  ['network', 409, 'network with name shop already exists', 'NAME_TAKEN', false],
  ['network', 403, 'error while removing network: network shop has active endpoints', 'ENGINE_ERROR', true],
  ['other', 500, 'write /var/lib/docker/x: no space left on device', 'ENGINE_ERROR', true],
] as const)('%s answered %i "%s": %s', (call, status, text, code, retryable) => {
  expect(runtimeError(new EngineAnswer(status, text), 'x', call)).toMatchObject({ code, retryable, message: text })
})

test('no answer is not an answer, and a bug is neither', () => {
  expect(runtimeError(new NoAnswer('connect ECONNREFUSED'), 'x')).toMatchObject({
    code: 'HOST_UNREACHABLE',
    retryable: true,
  })
  const bug = new TypeError('x is undefined')
  expect(() => runtimeError(bug, 'x')).toThrow(bug)
})

test.each([
  ['unix:///var/run/docker.sock', { socketPath: '/var/run/docker.sock' }],
  ['tcp://10.0.0.5:2375', { host: '10.0.0.5', port: 2375 }],
  ['tcp://[fd00::1]:2375', { host: 'fd00::1', port: 2375 }],
])('endpoint %s', (text, expected) => expect(parseEndpoint('a', text)).toEqual(expected))

test.each([
  ['ssh://me@there', /ssh is not supported yet; forward the socket/],
  ['npipe:////./pipe/docker_engine', /named pipes are not supported/],
  ['unix://docker.sock', /expected an absolute path/],
  ['tcp://there', /expected host and port/],
  ['/var/run/docker.sock', /expected unix:\/\/\/path or tcp:\/\/host:port/],
])('refuses endpoint %s', (text, message) => {
  expect(() => parseEndpoint('a', text)).toThrow(message)
  expect(() => parseEndpoint('a', text)).toThrow(/host a: /)
})

test.each([
  ['nginx', 'nginx', 'latest'],
  ['nginx:1.25', 'nginx', '1.25'],
  ['reg:5000/a/b', 'reg:5000/a/b', 'latest'],
  ['reg:5000/a/b:1', 'reg:5000/a/b', '1'],
  ['a@sha256:12', 'a', 'sha256:12'],
  ['reg:5000/a:1@sha256:12', 'reg:5000/a', 'sha256:12'],
])('image %s is %s at %s', (text, name, tag) => expect(parseImage(text)).toEqual({ name, tag }))

describe('references of an image', () => {
  const id = 'sha256:ab'
  test('a short name is found under each way of writing it', () => {
    const found = referencesOf(id, ['nginx:latest'], ['nginx@sha256:12'])
    for (const text of [
      'nginx',
      'nginx:latest',
      'library/nginx',
      'docker.io/library/nginx:latest',
      'index.docker.io/nginx',
    ]) {
      expect(found).toContain(text)
    }
    expect(found).toEqual(
      expect.arrayContaining([id, 'ab', 'nginx@sha256:12', 'nginx:latest@sha256:12', 'docker.io/nginx@sha256:12']),
    )
  })
  test('a name with a registry is found under that alone', () => {
    expect(referencesOf(id, ['127.0.0.1:5000/a:1', 'localhost/b:1'], []).slice(2)).toEqual([
      '127.0.0.1:5000/a:1',
      'localhost/b:1',
    ])
  })
  test('a dangling image has its id', () =>
    expect(referencesOf(id, ['<none>:<none>'], ['<none>@<none>'])).toEqual([id, 'ab']))
})

describe('log lines', () => {
  const frame = (stream: number, text: string) => {
    const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
    head.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([head, Buffer.from(text)])
  }
  test('are put together from frames, the newest last', () => {
    const output = Buffer.concat([frame(1, 'one\ntw'), frame(1, 'o\n'), frame(2, 'three\r\n')])
    expect(logLines(output, true, 2)).toEqual(['two', 'three'])
    expect(logLines(Buffer.from('a\nb'), false, 5)).toEqual(['a', 'b'])
    expect(logLines(Buffer.alloc(0), true, 5)).toEqual([])
  })
  test('are made safe and short', () => {
    const [line = ''] = logLines(frame(1, `\u001b[31mred\u202e${'x'.repeat(10_000)}\n`), true, 1)
    expect(line).toMatch(/^\\u\{1b\}\[31mred\\u\{202e\}x+…$/)
    expect(line.length).toBeLessThan(2100)
  })
  test('a cut frame shows what there is of it', () => {
    expect(logLines(frame(1, 'whole\npart').subarray(0, 15), true, 5)).toEqual(['whole', 'p'])
  })
})

test.each([
  [{ name: 'x'.repeat(300) }, /name of 300 characters/],
  [{ name: 'a', Labels: { 'berth.dev/spec': 'x'.repeat(70_000) } }, /label berth.dev\/spec of 70000 bytes/],
  [{ name: 'a', Env: Array.from({ length: 40 }, (_, n) => `V${n}=${'x'.repeat(30_000)}`) }, /environment of \d+ bytes/],
  [{ name: 'a', Cmd: ['a\0b'] }, /a NUL character/],
  [{ name: 'a', Env: ['A=\0'] }, /a NUL character/],
])('refuses what an engine would choke on: %#', (options, message) => {
  expect(() => checkLimits(options)).toThrow(message)
})

test('takes what is long but not too long', () => {
  expect(() => checkLimits({ name: 'a', Labels: { a: 'x'.repeat(60_000) }, Cmd: ['sh'], Env: ['A=b'] })).not.toThrow()
})
