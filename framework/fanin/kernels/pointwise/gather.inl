/// out[i] = bytes[i]·mul + add
void normalize_bytes(Index n, const std::uint8_t* bytes, real mul, real add, real* out) {
  typedef std::uint8_t Bytes __attribute__((vector_size(lanes)));
  const Vec scale = broadcast(mul), shift = broadcast(add);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    Bytes some;
    std::memcpy(&some, bytes + i, sizeof some);
    store(out + i, __builtin_convertvector(some, Vec) * scale + shift);
  }
  for (; i < n; ++i) out[i] = static_cast<real>(bytes[i]) * mul + add;
}
