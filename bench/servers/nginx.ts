import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUILDS } from '../harness/folders.ts'
import { hasProgram } from '../harness/process.ts'
import type { ServerKind } from './kinds.ts'
import { writeStaticFiles } from './static-files.ts'

/** The limit of a server in C: files from the page cache of the system, compressed beforehand. */
export const nginx: ServerKind = {
  name: 'nginx',
  label: 'nginx, prerendered files',
  findObstacle: () => (hasProgram('nginx', '-v') ? undefined : 'it is not installed. `apt-get install nginx-light`.'),
  async prepare(site) {
    const files = await writeStaticFiles(site)
    const folder = join(BUILDS, 'nginx')
    mkdirSync(join(folder, 'tmp'), { recursive: true })
    writeFileSync(join(folder, 'template.conf'), toConfig(files))
    // It reads no variables, so its port is written into its file.
    const start = 'sed "s/@PORT@/$PORT/" template.conf > nginx.conf && exec nginx -e stderr -p . -c nginx.conf'
    return { file: 'sh', args: ['-c', start], cwd: folder }
  },
}

function toConfig(files: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path tmp;`)
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  open_file_cache max=10000;
  default_type text/html;
  gzip_static on;
  gzip_vary on;
  server {
    listen 127.0.0.1:@PORT@ backlog=4096;
    root ${files};
    location / { try_files $uri.html =404; }
  }
}
`
}
