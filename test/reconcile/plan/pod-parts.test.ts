// What a plan holds besides its words: contents with the pod's facts, pull secrets, records, the ends that are foreseen.
import { describe, expect, test } from 'vitest'
import type { Action } from '../../../src/reconcile/plan/action.ts'
import { standIns } from '../../../src/reconcile/plan/containers.ts'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import { plan, planGone } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan, renderTask } from '../../../src/reconcile/plan/render.ts'
import { contentsOf } from '../../../src/reconcile/plan/volumes-of-pod.ts'
import type { VolumeContents } from '../../../src/runtime/port.ts'
import { dataOn } from './volume-rows.ts'
import { barePod, container, deployment, host, now, pod, podSpec, template, view } from './world.ts'

const setup = container({ name: 'setup' })
const proxy = container({ name: 'proxy', restartPolicy: 'Always' })

function actionsOf(wanted: Template, kind: Action['kind']): readonly Action[] {
  const { tasks } = plan(deployment(wanted, { replicas: 2 }), view([]))
  return tasks.flatMap(({ actions }) => actions.filter((action) => action.kind === kind))
}

describe('files', () => {
  const plain: VolumeContents = { version: 'v1', files: [{ path: 'a', mode: 0o644, data: 'x', encoding: 'utf8' }] }
  const own: VolumeContents = {
    version: 'v1',
    files: [
      { path: 'name', mode: 0o644, data: standIns.name, encoding: 'utf8' },
      { path: 'host', mode: 0o644, data: `${standIns.host} ${standIns.hostAddress}`, encoding: 'utf8' },
    ],
  }
  const one = { host: 'local', namespace: 'shop', name: 'web-0' }

  test('without facts of the pod they are the same for all', () => {
    expect(contentsOf(plain, one, host())).toBe(plain)
  })

  test('with them each pod has a version of its own, the same on every look', () => {
    const first = contentsOf(own, one, host())
    expect(first.files.map(({ data }) => data)).toEqual(['web-0', 'local 192.0.2.1'])
    expect(first.version).not.toBe('v1')
    expect(contentsOf(own, one, host())).toEqual(first)
    expect(contentsOf(own, { ...one, name: 'web-1' }, host()).version).not.toBe(first.version)
  })
})

test('claims of a pod of its own bear its name, down to the volume that is made for them', () => {
  const subject = `PersistentVolumeClaim/data-${standIns.name}`
  const volume = { app: 'demo', namespace: 'shop', subject, detail: '', facts: {}, driver: 'nfs' }
  const wanted: Template = {
    ...template('aaa'),
    volumes: [
      {
        volume: { kind: 'docker', name: 'data', subject },
        contents: undefined,
        claim: {
          name: `data-${standIns.name}`,
          provision: {
            volume: { ...volume, options: { device: `/exports/${standIns.name}` } },
            ...{ hostPath: undefined, hosts: undefined, waits: true, problem: '', conditions: [] },
          },
        },
      },
    ],
  }
  expect(actionsOf(wanted, 'createVolume')).toMatchObject([
    { volume: { subject: 'PersistentVolumeClaim/data-web-aaa-0', options: { device: '/exports/web-aaa-0' } } },
    { volume: { subject: 'PersistentVolumeClaim/data-web-aaa-1', options: { device: '/exports/web-aaa-1' } } },
  ])
  expect(actionsOf(wanted, 'createSandbox')).toMatchObject([
    { sandbox: { volumes: [{ kind: 'docker', name: 'data', subject: 'PersistentVolumeClaim/data-web-aaa-0' }] } },
    { sandbox: { volumes: [{ kind: 'docker', name: 'data', subject: 'PersistentVolumeClaim/data-web-aaa-1' }] } },
  ])
})

test('pull secrets go with the pull, and are never told', () => {
  const auths = [{ username: 'me', password: 'hunter2', serverAddress: 'registry.example' }]
  const wanted = {
    ...template('aaa', podSpec({ containers: [container({ image: 'registry.example/web:1' })] })),
    auths,
  }
  const planned = plan(deployment(wanted), view([]))
  expect(planned.tasks.flatMap(({ actions }) => actions)).toEqual([
    { kind: 'pull', host: 'local', image: 'registry.example/web:1', auths },
  ])
  expect(JSON.stringify([renderPlan(planned), planned.status])).not.toContain('hunter2')
})

describe('waiting', () => {
  const claim = (provision: undefined): Template => ({
    ...template('aaa'),
    volumes: [
      {
        volume: { kind: 'docker', name: 'data', subject: 'PersistentVolumeClaim/data' },
        contents: undefined,
        claim: { name: 'data', provision },
      },
    ],
  })

  test('a claim that does not exist is named', () => {
    const { status, lookAgainAt } = plan(deployment(claim(undefined)), view([]))
    expect(status).toMatchObject({ health: 'Degraded', message: 'Pending: persistentvolumeclaim "data" not found' })
    expect(lookAgainAt).toBe(now + 10_000)
  })

  test('a quota is quoted', () => {
    const { status } = plan(deployment(template('aaa')), view([], { refuses: () => 'exceeded quota: compute' }))
    expect(status).toMatchObject({ health: 'Degraded', message: 'forbidden: exceeded quota: compute' })
  })

  test('a pod is looked at when its time is up', () => {
    const limited = template('aaa', podSpec({ activeDeadlineSeconds: 600 }))
    const live = pod(limited, 0, { name: 'web', createdAt: now - 100_000 })
    expect(plan(barePod(limited), view([live]))).toMatchObject({ lookAgainAt: now + 500_000 })
  })
})

describe('foreseen', () => {
  const told = (wanted: Template): string[] => {
    const desired = barePod(wanted)
    const { tasks, complete } = forecast((world) => plan(desired, world), view([]))
    return complete ? tasks.map(renderTask) : ['it never ends']
  }

  test('init containers end well, one after the other', () => {
    expect(told(template('aaa', podSpec({ initContainers: [setup, proxy] })))).toEqual([
      'create pod web on local (wanted)',
      'create container proxy of pod web (init container 2 of 2)',
      'create container app of pod web (initialized)',
    ])
  })

  test('a pod with a deadline does its work in time', () => {
    const limits = { restartPolicy: 'Never', activeDeadlineSeconds: 60 } as const
    expect(told(template('aaa', podSpec({ initContainers: [setup], ...limits })))).toEqual([
      'create pod web on local (wanted)',
      'create container app of pod web (initialized)',
      'record the end of pod web on local (Succeeded)',
    ])
  })

  test('a pod that is to end ends well, and its sidecar is stopped', () => {
    expect(told(template('aaa', podSpec({ initContainers: [proxy], restartPolicy: 'Never' })))).toEqual([
      'create pod web on local (wanted)',
      'create container app of pod web (initialized)',
      'stop container proxy of pod web (all other containers have ended)',
      'record the end of pod web on local (Succeeded)',
    ])
  })
})

describe('gone', () => {
  const record = { ...dataOn('local'), subject: 'Job/migrate', detail: 'done', name: 'record-1' }
  const far = { ...record, host: 'far', name: 'record-2' }
  const world = { volumesOf: () => [record, far, { ...record, detail: '', name: 'data' }] }

  test('records go with their object, where their host answers', () => {
    const { tasks } = planGone('shop/Job/migrate', view([], world))
    expect(tasks.map(renderTask)).toEqual(['remove record done of Job/migrate on local (no longer in the repository)'])
    expect(tasks[0]?.actions).toEqual([{ kind: 'removeVolume', host: 'local', name: 'record-1' }])
  })

  test('but not before its pods', () => {
    const { tasks } = planGone('shop/Job/migrate', view([pod(template('aaa'), 0)], world))
    expect(tasks.map(({ text }) => text)).toEqual(['stop pod web-aaa-0'])
  })
})
