import { runtimeContract } from './contract.ts'
import { dockerWorld } from './docker-world.ts'
import { volumeContract } from './volume-contract.ts'

runtimeContract('Docker', () => dockerWorld())
volumeContract('Docker', () => dockerWorld())
