import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { check, claimSpec, container, json, object, plain, pod } from './manifest.ts'

const name =
  'expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit'
const relative = 'expected a relative path without ".."'
const hostPath = 'expected an absolute path without ".."'

/** A Pod with one volume. */
const holding = (source: object) => pod({ volumes: [{ name: 'a', ...source }] })
/** A Pod whose container mounts the volume `a`. */
const mounting = (mount: object, extra: object = {}) =>
  pod({ volumes: [{ name: 'a' }], containers: [{ ...container, ...extra, volumeMounts: [{ name: 'a', ...mount }] }] })

describe('volumes that are refused', () => {
  test.each([
    [pod({ volumes: [{ name: 'A' }] }), `spec.volumes[0].name: ${name}, found "A" (string)`],
    [
      pod({ volumes: [{ name: 'a' }, { name: 'a' }] }),
      'spec.volumes[1].name: expected another name for each volume, found "a" again',
    ],
    [
      holding({ emptyDir: {}, hostPath: { path: '/a' } }),
      'spec.volumes[0]: expected one source of a volume, found emptyDir and hostPath',
    ],
    [
      holding({ emptyDri: {} }),
      'spec.volumes[0].emptyDri: expected a known field, found "emptyDri": did you mean "emptyDir"?',
    ],
    [
      holding({ emptyDir: { sizeLimit: 'much' } }),
      'spec.volumes[0].emptyDir.sizeLimit: expected a quantity like "500m" or "1Gi", found "much" (string)',
    ],
    [holding({ hostPath: { path: 'a' } }), `spec.volumes[0].hostPath.path: ${hostPath}, found "a" (string)`],
    [
      holding({ hostPath: { path: '/a/../b' } }),
      `spec.volumes[0].hostPath.path: ${hostPath}, found "/a/../b" (string)`,
    ],
    [
      holding({ hostPath: { path: '/a', type: 'Folder' } }),
      'spec.volumes[0].hostPath.type: expected DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice or BlockDevice, found "Folder" (string)',
    ],
    [holding({ configMap: {} }), 'spec.volumes[0].configMap.name: expected a name, found nothing'],
    [holding({ secret: {} }), 'spec.volumes[0].secret.secretName: expected a name, found nothing'],
    [
      holding({ configMap: { name: 'a', items: [{ key: 'a', path: '../a' }] } }),
      `spec.volumes[0].configMap.items[0].path: ${relative}, found "../a" (string)`,
    ],
    [
      holding({ secret: { secretName: 'a', items: [{ key: 'a b', path: 'a' }] } }),
      'spec.volumes[0].secret.items[0].key: expected a key of letters, digits, "-", "_" and ".", 253 at most, found "a b" (string)',
    ],
    [
      holding({ secret: { secretName: 'a', items: [{ key: 'a', path: 'a', mode: 0o1000 }] } }),
      'spec.volumes[0].secret.items[0].mode: expected permission bits from 0 to 0777 (511), found 512 (number)',
    ],
    [
      holding({ configMap: { name: 'a', defaultMode: 644 } }),
      'spec.volumes[0].configMap.defaultMode: expected permission bits from 0 to 0777 (511), found 644 (number)',
    ],
    [
      holding({ downwardAPI: { items: [{ path: '/a', fieldRef: { fieldPath: 'metadata.name' } }] } }),
      `spec.volumes[0].downwardAPI.items[0].path: ${relative}, found "/a" (string)`,
    ],
    [
      holding({ downwardAPI: { items: [{ path: 'a' }] } }),
      'spec.volumes[0].downwardAPI.items[0]: expected one of fieldRef or resourceFieldRef, found none',
    ],
    [
      holding({ downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'status.podIP' } }] } }),
      "spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: expected metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations, metadata.labels['KEY'] or metadata.annotations['KEY'], found \"status.podIP\" (string)",
    ],
    [
      holding({ downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } }),
      'spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: expected web, found nothing',
    ],
    [
      holding({ projected: { sources: [{ configMap: { name: 'a' }, secret: { name: 'a' } }] } }),
      'spec.volumes[0].projected.sources[0]: expected one of configMap, secret, downwardAPI or serviceAccountToken, found configMap and secret',
    ],
    [
      holding({
        projected: {
          sources: [
            { configMap: { name: 'a', items: [{ key: 'a', path: 'x' }] } },
            { secret: { name: 'b', items: [{ key: 'a', path: 'x' }] } },
          ],
        },
      }),
      'spec.volumes[0].projected.sources[1]: expected another path for each file, found "x" again',
    ],
    [
      holding({ projected: { sources: [{ podCertificate: { keyType: 'a', signerName: 'b' } }] } }),
      'spec.volumes[0].projected.sources[0].podCertificate: not supported by this version of berth',
    ],
    [
      holding({ persistentVolumeClaim: { claimName: '' } }),
      'spec.volumes[0].persistentVolumeClaim.claimName: expected a name, found nothing',
    ],
    [holding({ ephemeral: {} }), 'spec.volumes[0].ephemeral.volumeClaimTemplate: expected a map, found nothing'],
    [
      holding({ ephemeral: { volumeClaimTemplate: { metadata: { name: 'x' }, spec: claimSpec } } }),
      'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: expected labels or annotations only, found "x" (string)',
    ],
    [
      holding({ ephemeral: { volumeClaimTemplate: { spec: { ...claimSpec, accessModes: [] } } } }),
      'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: expected at least one access mode, found none',
    ],
    [
      holding({ nfs: { server: 'a', path: 'data' } }),
      'spec.volumes[0].nfs.path: expected an absolute path, found "data" (string)',
    ],
    [
      holding({ image: { reference: 'a:1' } }),
      'spec.volumes[0].image: not supported by this version of berth: copy the files in an init container of that image',
    ],
    [
      holding({ awsElasticBlockStore: { volumeID: 'a' } }),
      'spec.volumes[0].awsElasticBlockStore: not supported by this version of berth: use a persistentVolumeClaim, nfs or hostPath',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('mounts that are refused', () => {
  const at = 'spec.containers[0].volumeMounts[0]'
  test.each([
    [mounting({ name: 'b', mountPath: '/a' }), `${at}.name: expected a, found "b" (string)`],
    [mounting({ mountPath: '' }), `${at}.mountPath: expected an absolute path without ":", found "" (string)`],
    [mounting({ mountPath: '/a:b' }), `${at}.mountPath: expected an absolute path without ":", found "/a:b" (string)`],
    [mounting({ mountPath: '/a', subPath: '/b' }), `${at}.subPath: ${relative}, found "/b" (string)`],
    [mounting({ mountPath: '/a', subPath: 'b/../c' }), `${at}.subPath: ${relative}, found "b/../c" (string)`],
    [mounting({ mountPath: '/a', subPathExpr: '../$(A)' }), `${at}.subPathExpr: ${relative}, found "../$(A)" (string)`],
    [
      mounting({ mountPath: '/a', subPath: 'b', subPathExpr: 'c' }),
      `${at}: expected subPath or subPathExpr, found both`,
    ],
    [
      mounting({ mountPath: '/a', mountPropagation: 'Bidirectional' }),
      `${at}.mountPropagation: expected a privileged container for Bidirectional, found another`,
    ],
    [
      mounting({ mountPath: '/a', recursiveReadOnly: 'Enabled' }),
      `${at}.recursiveReadOnly: not supported by this version of berth: expected IfPossible or Disabled`,
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('two at one path, and one without volumes', () => {
    const volumeMounts = [
      { name: 'a', mountPath: '/a' },
      { name: 'a', mountPath: '/a' },
    ]
    expect(plain(pod({ volumes: [{ name: 'a' }], containers: [{ ...container, volumeMounts }] }))).toEqual([
      'spec.containers[0].volumeMounts[1].mountPath: expected another path for each mount, found "/a" again',
    ])
    expect(plain(pod({ containers: [{ ...container, volumeMounts: volumeMounts.slice(1) }] }))).toEqual([
      'spec.containers[0].volumeMounts[0].name: expected a volume of the pod, which has none, found "a" (string)',
    ])
  })
})

describe('volumes that are taken', () => {
  test('a name alone, or with nothing after emptyDir, is an empty directory', () => {
    const { volumes } = object('Pod', pod({ volumes: [{ name: 'a' }, { name: 'b', emptyDir: null }] })).spec
    expect(volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', emptyDir: {} },
    ])
  })
  test('modes are octal as kubectl reads them, and have the default of Kubernetes', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers: [{name: web, image: a}]
  volumes:
  - {name: a, configMap: {name: a, defaultMode: 0400}}
  - {name: b, secret: {secretName: b}}
  - {name: c, projected: {sources: []}}
  - {name: d, downwardAPI: {items: []}}
  - {name: e, hostPath: {path: /, type: ""}}
  - {name: f, emptyDir: {medium: "", sizeLimit: 1024Mi}}`
    expect(object('Pod', text).spec.volumes).toEqual([
      { name: 'a', configMap: { name: 'a', defaultMode: 0o400 } },
      { name: 'b', secret: { secretName: 'b', defaultMode: 0o644 } },
      { name: 'c', projected: { sources: [], defaultMode: 0o644 } },
      { name: 'd', downwardAPI: { items: [], defaultMode: 0o644 } },
      { name: 'e', hostPath: { path: '/' } },
      { name: 'f', emptyDir: { medium: '', sizeLimit: '1Gi' } },
    ])
  })
  test('the claim of an ephemeral volume is filled in', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } }
    const { volumes } = object('Pod', holding({ ephemeral: { volumeClaimTemplate: { spec } } })).spec
    expect(volumes![0]!.ephemeral!.volumeClaimTemplate!.spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeMode: 'Filesystem',
    })
  })
  test('a relative path is one from the root, with a warning', () => {
    const { warnings } = check(json(mounting({ mountPath: 'data' })))
    expect(warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'spec.containers[0].volumeMounts[0].mountPath: expected an absolute path, found "data" (string): taken from the root',
    ])
    expect(object('Pod', mounting({ mountPath: 'data' })).spec.containers[0]!.volumeMounts).toEqual([
      { name: 'a', mountPath: '/data' },
    ])
  })
  test('a token is left out, which is said', () => {
    const sources = [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'a' } }]
    const { problems, ignored } = check(json(holding({ projected: { sources } })))
    expect(problems).toEqual([])
    expect(ignored.map(renderIgnored)).toEqual([
      'Pod one: spec.volumes[0].projected.sources[0].serviceAccountToken: there is no API server to give access to',
    ])
  })
  test('a fact of a container that is not there', () => {
    const items = [{ path: 'a', resourceFieldRef: { containerName: 'other', resource: 'limits.cpu' } }]
    const { problems, warnings } = check(json(holding({ downwardAPI: { items } })))
    expect(problems).toEqual([])
    expect(warnings.map(({ message }) => message)).toEqual([
      'expected web, found "other" (string): the pod waits for it',
    ])
  })
  test.each([
    { hostPath: { path: '/var/run/docker.sock', type: 'Socket' } },
    { nfs: { server: 'files', path: '/data', readOnly: true } },
    { persistentVolumeClaim: { claimName: 'data' } },
    { persistentVolumeClaim: { claimName: 'not-a-NAME' } },
    { emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    { downwardAPI: { items: [{ path: 'a/b', mode: 0o400, fieldRef: { fieldPath: "metadata.labels['app']" } }] } },
  ])('%j', (source) => {
    expect(plain(holding(source))).toEqual([])
  })
})
