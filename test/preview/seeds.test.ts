import { expect, test } from 'vitest'
import type { Key } from '../../src/base/key.ts'
import { renderIgnored } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { type SeedRules, seeded } from '../../src/preview/seeds.ts'
import { check } from '../manifests/manifest.ts'

const annotations = (seed: string) =>
  seed === '' ? '' : `, annotations: { berth.dev/preview-seed: ${seed}, own: kept }`
const spec = '{ accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }'
const claim = (seed = '', namespace = '') => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data${namespace === '' ? '' : `, namespace: ${namespace}`}${annotations(seed)} }
spec: ${spec}
---`
const set = (seed = '', name = 'data') => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: main, image: a:1 }] } }
  volumeClaimTemplates: [{ metadata: { name: ${name}${annotations(seed)} }, spec: ${spec} }]
---`
const job = `
apiVersion: batch/v1
kind: Job
metadata: { name: fill }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: a:1 }] } } }
---`

/** Annotations of all claims of a preview, and what is said of them. */
function seeds(pull: string, production: string, more: Partial<SeedRules> = {}) {
  const written = check(pull).objects
  const made = new Map(
    [...written.values()].map((located) => {
      const { object } = located
      const moved = { ...object, metadata: { ...object.metadata, namespace: 'shop-pr-7' } } as typeof object
      return [`shop-pr-7/${object.kind}/${object.metadata.name}` as Key, { ...located, object: moved }] as const
    }),
  )
  const accepted = check(production).objects
  const result = seeded(written, made, {
    ...{ namespace: 'shop-pr-7', productionNamespace: 'shop', untrusted: false },
    production: (key) => accepted.get(key)?.object,
    ...more,
  })
  const found = [...result.objects.values()].flatMap(({ object }) => {
    if (object.kind === 'PersistentVolumeClaim') return [object.metadata.annotations]
    return object.kind === 'StatefulSet'
      ? (object.spec.volumeClaimTemplates ?? []).map((one) => one.metadata.annotations)
      : []
  })
  const said = [...result.ignored.map(renderIgnored), ...result.problems.map(renderProblem)]
  return { found, said, fillers: [...result.fillers] }
}

const alone = 'what a claim has of production is said by the target branch alone'
const from = (text: string) => ({ own: 'kept', 'berth.dev/seeded-from': text })
const kept = { own: 'kept' }

test.each([
  { title: 'none', pull: claim(), production: claim(), found: [undefined], said: [] },
  { title: 'as in production', pull: claim('data'), production: claim('data'), found: [from('shop/data')], said: [] },
  {
    title: 'in its long form',
    pull: claim('data'),
    production: claim('PersistentVolumeClaim/data'),
    found: [from('shop/data')],
    said: [],
  },
  {
    title: 'of another namespace of the application',
    pull: claim('data', 'shop-data'),
    production: claim('other', 'shop-data'),
    found: [from('shop-data/other')],
    said: [/says PersistentVolumeClaim\/other$/],
  },
  {
    title: 'taken out by the pull request',
    pull: claim(),
    production: claim('data'),
    found: [{ 'berth.dev/seeded-from': 'shop/data' }],
    said: [],
  },
  {
    title: 'of a claim that is new',
    pull: claim('data'),
    production: '',
    found: [kept],
    said: [`${alone}: it is empty`],
  },
  {
    title: 'changed by the pull request',
    pull: claim('secrets'),
    production: claim('data'),
    found: [from('shop/data')],
    said: [`${alone}: it says PersistentVolumeClaim/data`],
  },
  {
    title: 'of a set',
    pull: set('data-db-0'),
    production: set('data-db-0'),
    found: [from('shop/data-db-0')],
    said: [],
  },
  {
    title: 'of another template of the set',
    pull: set('data-db-0', 'more'),
    production: set('data-db-0'),
    found: [kept],
    said: [`${alone}: it is empty`],
  },
  { title: 'a Job', pull: claim('Job/fill') + job, production: '', found: [kept], said: [] },
  {
    title: 'a Job in the place of data',
    pull: claim('Job/fill') + job,
    production: claim('data'),
    found: [kept],
    said: [],
  },
  {
    title: 'a Job that is not there',
    pull: claim('Job/fill'),
    production: '',
    found: [kept],
    said: ['expected a Job of the preview, found no Job "fill"'],
  },
  {
    title: 'a Job of production that the pull request has not',
    pull: claim('data'),
    production: claim('Job/fill'),
    found: [kept],
    said: [`${alone}: it says Job/fill`, 'found no Job "fill"'],
  },
])('the seed of a claim: $title', ({ pull, production, found, said }) => {
  const result = seeds(pull, production)
  expect(result.found).toEqual(found)
  expect(result.said).toHaveLength(said.length)
  for (const [index, text] of said.entries()) {
    if (typeof text === 'string') expect(result.said[index]).toContain(text)
    else expect(result.said[index]).toMatch(text)
  }
  expect(result.fillers).toEqual(pull.includes('Job/fill') && pull.includes('kind: Job') ? ['shop-pr-7/Job/fill'] : [])
})

test('where the author may not write, there is no data of production, but Jobs fill claims', () => {
  const untrusted = { untrusted: true }
  const reason = 'there is no data of production where the author may not write to the repository: it is empty'
  expect(seeds(claim('data'), claim('data'), untrusted)).toMatchObject({
    found: [kept],
    said: [expect.stringContaining(reason)],
  })
  expect(seeds(claim() + set('data-db-0'), claim('data') + set('data-db-0'), untrusted).found).toEqual([{}, kept])
  expect(seeds(claim('Job/fill') + job, '', untrusted)).toMatchObject({ found: [kept], said: [] })
})
