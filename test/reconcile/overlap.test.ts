import { expect, test } from 'vitest'
import { overlapped } from '../../src/reconcile/overlap.ts'
import type { Action } from '../../src/reconcile/plan/action.ts'
import { emptyConfig } from '../../src/reconcile/plan/empty-config.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'

const pod = { host: 'one', namespace: 'shop', name: 'web-0' }
const start = (container: string): Action => ({ kind: 'start', pod, container })
const create = (name: string, value = ''): Action => ({
  kind: 'createContainer',
  pod,
  config: { ...emptyConfig, name, env: [{ name: 'IP', value, secret: false }] },
})
const leave: Action = { kind: 'markLeaving', pod }

const shown = (actions: readonly Action[]): string =>
  overlapped(actions)
    .map((group) =>
      group.map((action) => `${action.kind} ${'container' in action ? action.container : ''}`.trim()).join(' + '),
    )
    .join(', ')

test.each([
  { title: 'nothing', actions: [], expected: '' },
  {
    title: 'containers are created while the sandbox starts',
    actions: [start(''), create('a'), create('b'), start('a'), start('b')],
    expected: 'start + createContainer + createContainer, start a, start b',
  },
  {
    title: 'one that is told the address of the pod waits, and those after it come in turn',
    actions: [start(''), create('a', `http://${podAddress}`), create('b'), start('a'), start('b')],
    expected: 'start, createContainer, createContainer, start a, start b',
  },
  {
    title: 'a container that is made later joins nothing',
    actions: [leave, create('a'), start('a')],
    expected: 'markLeaving, createContainer, start a',
  },
])('$title', ({ actions, expected }) => {
  expect(shown(actions)).toBe(expected)
})
