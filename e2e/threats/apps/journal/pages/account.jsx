export { default } from '../show.jsx'

/** A page that belongs to one visitor. */
export function getServerSideProps({ req, res, query }) {
  res.setHeader('Set-Cookie', 'session=from-the-page')
  res.setHeader('X-Own', 'set by the page')
  return { props: { cookies: { ...req.cookies }, headers: req.headers, query } }
}
