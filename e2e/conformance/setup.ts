import { setup } from '../../scripts/fresh-dist.mjs'

export default setup
