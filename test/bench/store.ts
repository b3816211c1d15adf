export async function* store() {}
