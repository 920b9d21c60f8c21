// A program: what serves prerendered files where nothing regenerates them.
import { createServer } from 'node:http'
import sirv from 'sirv'

const serve = sirv(process.argv[2] ?? '', { extensions: ['html'], etag: true, gzip: true, brotli: true })

createServer((request, response) => serve(request, response)).listen(Number(process.env['PORT']), '127.0.0.1')
