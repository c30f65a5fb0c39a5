import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  Volume,
  VolumeMount,
  VolumeProjection,
} from '../types.ts'
import { honoured, ignored, type Rules, refused } from './rule.ts'

const foreign = refused('use a persistentVolumeClaim, nfs or hostPath')
const foreignDisk = refused('use nfs, hostPath or local')

export const volume: Rules<Volume> = {
  awsElasticBlockStore: foreign,
  azureDisk: foreign,
  azureFile: foreign,
  cephfs: foreign,
  cinder: foreign,
  configMap: honoured('followed within seconds'),
  csi: foreign,
  downwardAPI: honoured(),
  emptyDir: honoured('on disk or in memory; also a volume with a name alone'),
  ephemeral: honoured(),
  fc: foreign,
  flexVolume: foreign,
  flocker: foreign,
  gcePersistentDisk: foreign,
  gitRepo: refused('clone in an init container'),
  glusterfs: foreign,
  hostPath: honoured('only with podSecurity: privileged'),
  image: refused('copy the files in an init container of that image'),
  iscsi: foreign,
  name: honoured(),
  nfs: honoured("mounted by the host's Docker"),
  persistentVolumeClaim: honoured(),
  photonPersistentDisk: foreign,
  portworxVolume: foreign,
  projected: honoured('see below'),
  quobyte: foreign,
  rbd: foreign,
  scaleIO: foreign,
  secret: honoured('in memory; followed within seconds'),
  storageos: foreign,
  vsphereVolume: foreign,
}

export const projection: Rules<VolumeProjection> = {
  clusterTrustBundle: refused(),
  configMap: honoured(),
  downwardAPI: honoured(),
  podCertificate: refused(),
  secret: honoured(),
  serviceAccountToken: ignored('there is no API server to give access to'),
}

export const volumeMount: Rules<VolumeMount> = {
  mountPath: honoured(),
  mountPropagation: honoured(),
  name: honoured(),
  readOnly: honoured(),
  recursiveReadOnly: ignored('readOnly is recursive where the kernel can; Enabled is refused'),
  subPath: honoured(),
  subPathExpr: honoured(),
}

export const claimSpec: Rules<PersistentVolumeClaim['spec']> = {
  accessModes: honoured('for finding a volume'),
  dataSource: refused(),
  dataSourceRef: refused(),
  resources: honoured('requests.storage, for finding a volume'),
  selector: honoured(),
  storageClassName: honoured('without it the default class'),
  volumeAttributesClassName: ignored('describes a Kubernetes cluster'),
  volumeMode: honoured('Filesystem; Block is refused'),
  volumeName: honoured(),
}

export const persistentVolumeSpec: Rules<PersistentVolume['spec']> = {
  accessModes: honoured(),
  awsElasticBlockStore: foreignDisk,
  azureDisk: foreignDisk,
  azureFile: foreignDisk,
  capacity: honoured('for finding a claim'),
  cephfs: foreignDisk,
  cinder: foreignDisk,
  claimRef: honoured('namespace and name'),
  csi: foreignDisk,
  fc: foreignDisk,
  flexVolume: foreignDisk,
  flocker: foreignDisk,
  gcePersistentDisk: foreignDisk,
  glusterfs: foreignDisk,
  hostPath: honoured(),
  iscsi: foreignDisk,
  local: honoured(),
  mountOptions: honoured('of nfs'),
  nfs: honoured("mounted by the host's Docker"),
  nodeAffinity: honoured('hosts by kubernetes.io/hostname'),
  persistentVolumeReclaimPolicy: ignored('data of static volumes is never deleted'),
  photonPersistentDisk: foreignDisk,
  portworxVolume: foreignDisk,
  quobyte: foreignDisk,
  rbd: foreignDisk,
  scaleIO: foreignDisk,
  storageClassName: honoured(),
  storageos: foreignDisk,
  volumeAttributesClassName: ignored('describes a Kubernetes cluster'),
  volumeMode: honoured('Filesystem; Block is refused'),
  vsphereVolume: foreignDisk,
}

export const storageClass: Rules<Omit<StorageClass, 'apiVersion' | 'kind' | 'metadata'>> = {
  allowVolumeExpansion: ignored('a larger claim keeps its volume, with a condition'),
  allowedTopologies: ignored('a volume is made on the host of its first pod'),
  mountOptions: ignored('give them in the parameters'),
  parameters: honoured('of berth.dev/DRIVER: given to the driver, $(claim.name) and $(claim.namespace) filled in'),
  provisioner: honoured('berth.dev/DRIVER is a volume driver of Docker; others are taken for local, with a condition'),
  reclaimPolicy: honoured(),
  volumeBindingMode: honoured(),
}
