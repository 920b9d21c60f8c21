import { raise } from '../../raise.js'

export default function handler(req) {
  raise(`api-${req.query.how}`)
}
