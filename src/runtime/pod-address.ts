/** Stands for the pod's own address in a ContainerConfig until the sandbox runs. NUL cannot occur in manifest text. */
export const podAddress = '\u0000podIP\u0000'
