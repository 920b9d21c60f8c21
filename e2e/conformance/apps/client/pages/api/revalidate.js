export default async function revalidate(req, res) {
  res.json(await res.revalidate(req.query.path))
}
