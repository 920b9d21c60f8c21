export { default } from '../show.jsx'
