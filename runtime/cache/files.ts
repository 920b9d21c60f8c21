import * as callbacks from 'node:fs'
import * as fs from 'node:fs/promises'
import { promisify } from 'node:util'

/** A file as our readers and writers use it. */
export interface OpenFile {
  stat(): Promise<callbacks.Stats>
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The file system as our readers and writers use it; a test hands in one that fails. */
export interface FileSystem extends Pick<
  typeof fs,
  'rename' | 'rm' | 'mkdir' | 'opendir' | 'lstat' | 'symlink' | 'readlink'
> {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>
}

const open = promisify(callbacks.open)
const stat = promisify(callbacks.fstat)
const read = promisify(callbacks.read)
const write = promisify(callbacks.write)
const sync = promisify(callbacks.fsync)
const close = promisify(callbacks.close)

/**
 * The system's. Files are opened by the older half of Node's interface: each page that is made looks first for one that is not
 * there, and the newer half spends more on the stack of that error than the look costs.
 */
export const files: FileSystem = {
  ...fs,
  async open(path, flags, mode) {
    const file = await open(path, flags, mode)
    return {
      stat: () => stat(file),
      read: (bytes, offset, length, position) => read(file, bytes, offset, length, position),
      write: (bytes, offset, length, position) => write(file, bytes, offset, length, position),
      sync: () => sync(file),
      close: () => close(file),
    }
  },
}
