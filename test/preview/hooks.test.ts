import { expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { waveOf } from '../../src/manifests/wave.ts'
import { endHooks, type Stage, staged } from '../../src/preview/hooks.ts'
import { check } from '../manifests/manifest.ts'

const job = (name: string, annotations = '') => `
apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { ${annotations} } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: a:1 }] } } }
---`
const hook = (name: string, when: string, wave = '') =>
  job(name, `berth.dev/preview-hook: ${when}${wave === '' ? '' : `, berth.dev/wave: "${wave}"`}`)
const config = (wave = '') => `
apiVersion: v1
kind: ConfigMap
metadata: { name: config${wave === '' ? '' : `, annotations: { berth.dev/wave: "${wave}" }`} }
---`

function written(text: string) {
  const { objects, problems } = check(text, { forPreview: true })
  expect(problems).toEqual([])
  return objects
}
const none: Stage = { asleep: false, ending: false, fillers: new Set() }
function waves(text: string, stage: Partial<Stage> = {}): string[] {
  const objects = staged(written(text), { ...none, ...stage })
  return [...objects.values()].map(({ object }) => `${object.metadata.name} ${waveOf(object)}`).sort()
}

test.each([
  { title: 'nothing', text: config(), expected: ['config 0'] },
  { title: 'a hook alone', text: hook('a', 'create'), expected: ['a -1'] },
  { title: 'a hook and others', text: config('-5') + hook('a', 'create'), expected: ['a -6', 'config -5'] },
  { title: 'high waves', text: config('7') + hook('a', 'create', '9'), expected: ['a -1', 'config 7'] },
  {
    title: 'hooks in an order of their own',
    text: config() + hook('a', 'create', '2') + hook('b', 'create', '-1') + hook('c', 'create', '2'),
    expected: ['a -1', 'b -4', 'c -1', 'config 0'],
  },
  { title: 'no hook on deletion', text: config() + hook('z', 'delete'), expected: ['config 0'] },
])('in a living preview: $title', ({ text, expected }) => {
  expect(waves(text)).toEqual(expected)
})

test('at its end hooks come before all that there is, also before hooks on creation', () => {
  const text = config('-3') + hook('a', 'create') + hook('z', 'delete') + hook('x', 'delete', '-1')
  expect(waves(text, { ending: true })).toEqual(['a -4', 'config -3', 'x -6', 'z -5'])
  expect(endHooks(written(text))).toEqual(['shop/Job/z', 'shop/Job/x'])
})

test('a Job that fills a claim comes first, without being a hook', () => {
  const fillers = new Set(['shop/Job/fill' as const])
  expect(waves(config() + job('fill') + job('later'), { fillers })).toEqual(['config 0', 'fill -1', 'later 0'])
})

test('asleep, only what is run at the end is not suspended', () => {
  const text = hook('a', 'create') + hook('z', 'delete')
  const suspended = [...staged(written(text), { ...none, asleep: true, ending: true }).values()].map(({ object }) =>
    object.kind === 'Job' ? `${object.metadata.name} ${object.spec.suspend ?? false}` : '',
  )
  expect(suspended).toEqual(['a true', 'z false'])
})

test.each([
  { text: hook('a', 'update'), said: 'expected create or delete, found "update" (string)' },
  {
    text: config().replace('name: config', 'name: config, annotations: { berth.dev/preview-hook: create }'),
    said: 'expected it on a Job, found it on a ConfigMap',
  },
  {
    text: job('a', 'berth.dev/preview-seed: data'),
    said: /^expected it on a PersistentVolumeClaim .* found it on a Job$/,
  },
  { text: job('a', 'berth.dev/preview-seed: a/b/c'), said: /^expected the name of a claim, .*, found "a\/b\/c"/ },
  { text: job('a', 'berth.dev/seeded-from: shop/data'), said: /^expected nothing, as berth alone writes it, found/ },
])('annotations that make no sense are refused with their place: $text', ({ text, said }) => {
  const [problem] = check(text).problems
  expect(problem?.message).toMatch(said)
  expect(problem?.path).toMatch(/^metadata\.annotations/)
  expect(problem?.line).toBeGreaterThan(0)
})

test('outside of previews hooks are checked, left out, and listed', () => {
  const found = check(hook('a', 'create') + hook('z', 'delete') + config())
  expect([...found.objects.keys()]).toEqual(['shop/ConfigMap/config'])
  expect(found.ignored.map(renderIgnored)).toEqual([
    'Job a: it is run at the beginning of previews, and nowhere else',
    'Job z: it is run at the end of previews, and nowhere else',
  ])
  expect(check(hook('a', 'create').replace('image: a:1', 'imag: a:1')).problems).not.toEqual([])
})
