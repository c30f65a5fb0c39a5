import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim } from '../../../src/manifests/types.ts'
import { bindClaims } from '../../../src/reconcile/plan/binding.ts'

interface Volume {
  readonly size?: string
  readonly className?: string
  readonly modes?: string[]
  readonly claim?: string
  readonly labels?: Record<string, string>
}

function volume(
  name: string,
  { size = '1Gi', className = '', modes = ['ReadWriteOnce'], claim, labels = {} }: Volume,
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels },
    spec: {
      capacity: { storage: size },
      accessModes: modes,
      storageClassName: className,
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: `/srv/${name}` },
      ...(claim && { claimRef: { namespace: 'shop', name: claim } }),
    },
  }
}

interface Wish extends Volume {
  readonly volumeName?: string
  readonly boundTo?: string
  readonly noClass?: true
}

function wish(
  name: string,
  { size = '1Gi', className = '', modes = ['ReadWriteOnce'], labels, volumeName, boundTo, noClass }: Wish,
) {
  const claim: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec: {
      accessModes: modes,
      resources: { requests: { storage: size } },
      volumeMode: 'Filesystem',
      ...(noClass ? {} : { storageClassName: className }),
      ...(volumeName && { volumeName }),
      ...(labels && { selector: { matchLabels: labels } }),
    },
  }
  return { claim, boundTo, className: noClass ? 'local' : className }
}

test.each([
  {
    title: 'the smallest that fits',
    volumes: [volume('big', { size: '5Gi' }), volume('ok', { size: '2Gi' }), volume('small', { size: '500Mi' })],
    claims: [wish('a', {})],
    expected: 'a=ok',
  },
  {
    title: 'one volume, one claim, in the order of names',
    volumes: [volume('one', {})],
    claims: [wish('b', {}), wish('a', {})],
    expected: 'a=one',
  },
  {
    title: 'what is bound stays bound',
    volumes: [volume('one', {})],
    claims: [wish('b', { boundTo: 'one' }), wish('a', {})],
    expected: 'b=one',
  },
  {
    title: 'what is bound to a volume that is not there takes no other',
    volumes: [volume('one', {})],
    claims: [wish('a', { boundTo: 'gone' })],
    expected: '',
  },
  {
    title: 'what has its data in a Docker volume takes none, not even by name',
    volumes: [volume('one', {}), volume('two', { claim: 'b' })],
    claims: [wish('a', { boundTo: '', volumeName: 'one' }), wish('b', { boundTo: '' })],
    expected: '',
  },
  {
    title: 'another class does not fit',
    volumes: [volume('one', { className: 'fast' })],
    claims: [wish('a', { className: 'slow' })],
    expected: '',
  },
  {
    title: 'a claim without a class takes a volume without one',
    volumes: [volume('one', {})],
    claims: [wish('a', { noClass: true })],
    expected: 'a=one',
  },
  {
    title: 'but not before one that asks for no class',
    volumes: [volume('one', {})],
    claims: [wish('a', { noClass: true }), wish('b', {})],
    expected: 'b=one',
  },
  {
    title: 'all modes of the claim',
    volumes: [volume('one', {}), volume('two', { size: '9Gi', modes: ['ReadWriteMany', 'ReadWriteOnce'] })],
    claims: [wish('a', { modes: ['ReadWriteMany'] })],
    expected: 'a=two',
  },
  {
    title: 'a volume kept for another claim',
    volumes: [volume('one', { claim: 'b' })],
    claims: [wish('a', {})],
    expected: '',
  },
  {
    title: 'a volume kept for this claim before a smaller one',
    volumes: [volume('big', { size: '9Gi', claim: 'a' }), volume('one', {})],
    claims: [wish('a', {})],
    expected: 'a=big',
  },
  {
    title: 'a claim that names its volume',
    volumes: [volume('one', {}), volume('two', {})],
    claims: [wish('a', { volumeName: 'two' })],
    expected: 'a=two',
  },
  {
    title: 'a named volume that is too small',
    volumes: [volume('one', {}), volume('two', { size: '1Mi' })],
    claims: [wish('a', { volumeName: 'two' })],
    expected: '',
  },
  {
    title: 'a selector',
    volumes: [volume('one', {}), volume('two', { size: '9Gi', labels: { disk: 'ssd' } })],
    claims: [wish('a', { labels: { disk: 'ssd' } })],
    expected: 'a=two',
  },
])('$title', ({ volumes, claims, expected }) => {
  const bound = [...bindClaims(claims, volumes)].map(([key, { metadata }]) => `${key.split('/')[2]}=${metadata.name}`)
  expect(bound.join(' ')).toBe(expected)
  expect(bindClaims(claims.toReversed(), volumes.toReversed())).toEqual(bindClaims(claims, volumes))
})
