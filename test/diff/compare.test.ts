import { expect, test } from 'vitest'
import { compareContainer } from '../../src/diff/compare.ts'
import { renderDifference } from '../../src/diff/render.ts'
import type { ContainerConfig, Mount } from '../../src/runtime/live.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'
import { liveContainer } from '../reconcile/plan/world.ts'

const wanted: ContainerConfig = {
  ...liveContainer('app').config,
  command: ['serve'],
  args: ['--port', '80'],
  env: [
    { name: 'LEVEL', value: '1', secret: false },
    { name: 'PASSWORD', value: 'hunter2', secret: true },
    { name: 'ADDRESS', value: `http://${podAddress}:80`, secret: false },
  ],
}
const running: ContainerConfig = {
  ...wanted,
  env: [
    { name: 'PATH', value: '/bin', secret: false },
    { name: 'LEVEL', value: '1', secret: false },
    { name: 'PASSWORD', value: 'hunter2', secret: true },
    { name: 'ADDRESS', value: 'http://10.244.0.2:80', secret: false },
  ],
}

function differences(live: Partial<ContainerConfig>, desired: Partial<ContainerConfig> = {}): string[] {
  const container = liveContainer('app', { config: { ...running, ...live } })
  return compareContainer({ ...wanted, ...desired }, container, '10.244.0.2').map(
    (difference) => `${renderDifference(difference)} [${difference.impact}]`,
  )
}

function env(name: string, value: string): Partial<ContainerConfig> {
  return { env: running.env.map((entry) => (entry.name === name ? { ...entry, value } : entry)) }
}

function mount(volume: string, path: string, changes: Partial<Mount> = {}): Mount {
  return { volume, path, subPath: '', readOnly: false, propagation: 'None', ...changes }
}

const leftOpen = { command: undefined, args: undefined, workingDir: undefined, user: undefined }

test.each([
  { title: 'nothing', live: {}, expected: [] },
  { title: 'what the image adds', live: { ...leftOpen, command: ['x'], user: 'app' }, desired: leftOpen, expected: [] },
  { title: 'image', live: { image: 'web:9' }, expected: ['image: "web:9" -> "web:1" [replace]'] },
  { title: 'an image made from an id', live: { image: 'sha256:77' }, expected: [] },
  { title: 'command', live: { command: ['sh'] }, expected: ['command: ["sh"] -> ["serve"] [replace]'] },
  {
    title: 'args of the image are not wanted beside a command',
    live: {},
    desired: { args: undefined },
    expected: ['args: ["--port","80"] -> [] [replace]'],
  },
  { title: 'a variable', live: env('LEVEL', '2'), expected: ['env.LEVEL: "2" -> "1" [replace]'] },
  {
    title: 'a variable that is gone',
    live: { env: [] },
    expected: [
      'env.LEVEL: missing, wanted "1" [replace]',
      'env.PASSWORD: changed [replace]',
      `env.ADDRESS: missing, wanted "http://\\u0000podIP\\u0000:80" [replace]`,
    ],
  },
  { title: 'a Secret', live: env('PASSWORD', 'guessed'), expected: ['env.PASSWORD: changed [replace]'] },
  {
    title: 'a Secret in the command line',
    live: { args: ['--password', 'hunter2'] },
    expected: ['args: changed [replace]'],
  },
  {
    title: 'the address of the pod',
    live: env('ADDRESS', 'http://10.244.0.9:80'),
    expected: [`env.ADDRESS: "http://10.244.0.9:80" -> "http://\\u0000podIP\\u0000:80" [replace]`],
  },
  { title: 'the order of groups', live: { groups: ['2', '1'] }, desired: { groups: ['1', '2'] }, expected: [] },
  { title: 'rights', live: { privileged: true }, expected: ['securityContext.privileged: true -> false [replace]'] },
  {
    title: 'mounts',
    live: {
      mounts: [
        mount('cache', '/cache'),
        mount('config', '/etc/app'),
        mount('old', '/old'),
        mount('', '/from/the/image'),
        mount('same', '/same'),
      ],
    },
    desired: {
      mounts: [
        mount('cache', '/cache', { subPath: 'a', readOnly: true }),
        mount('secret', '/etc/app', { propagation: 'HostToContainer' }),
        mount('new', '/new'),
        mount('same', '/same'),
      ],
    },
    expected: [
      'mounts./cache: "cache" -> "cache/a, read-only" [replace]',
      'mounts./etc/app: "config" -> "secret, HostToContainer" [replace]',
      'mounts./new: missing, wanted "new" [replace]',
      'mounts./old: "old", not wanted [replace]',
    ],
  },
  {
    title: 'what is not followed',
    live: { ...env('LEVEL', '2'), args: ['--port', '81'], tty: true },
    desired: { unfollowed: ['env.LEVEL', 'args'] },
    expected: ['tty: true -> false [replace]'],
  },
  {
    title: 'resources',
    live: { resources: { cpuRequestMillis: 0, cpuLimitMillis: 500, memoryLimitBytes: 0 } },
    expected: ['resources.limits.cpu: 500 -> 0 [inPlace]'],
  },
])('$title', ({ live, desired, expected }) => {
  expect(differences(live, desired)).toEqual(expected)
})
