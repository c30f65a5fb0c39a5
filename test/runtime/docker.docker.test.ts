import { runtimeContract } from './contract.ts'
import { dockerWorld } from './docker-world.ts'
import { messageContract } from './message-contract.ts'
import { volumeContract } from './volume-contract.ts'

runtimeContract('Docker', () => dockerWorld())
volumeContract('Docker', () => dockerWorld())
messageContract('Docker', () => dockerWorld())
