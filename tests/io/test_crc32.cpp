#include <doctest/doctest.h>
#include <libdeflate.h>
#include <zlib.h>

#include <random>
#include <vector>

TEST_CASE("crc32: equals zlib's for every length, alignment and CRC before") {
  std::mt19937 random(1);
  std::vector<unsigned char> bytes(5000);
  for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
  const auto zlib = [&](std::uint32_t crc, std::size_t from, std::size_t size) {
    return static_cast<std::uint32_t>(::crc32_z(crc, bytes.data() + from, size));
  };
  CHECK(libdeflate_crc32(0, "123456789", 9) == 0xcbf43926u);  // the check value of CRC-32/ISO-HDLC
  bool equal = true;
  for (const std::uint32_t before : {0u, 1u, 0xffffffffu, 0x12345678u}) {
    for (std::size_t from = 0; from < 17; ++from) {
      for (std::size_t size = 0; size < 400; ++size) {
        equal = equal && libdeflate_crc32(before, bytes.data() + from, size) == zlib(before, from, size);
      }
    }
  }
  CHECK(equal);
  CHECK(libdeflate_crc32(7, bytes.data() + 3, 4993) == zlib(7, 3, 4993));
}

TEST_CASE("crc32: pieces give the CRC of the whole, and one changed bit another") {
  std::vector<unsigned char> bytes(1000, 5);
  const std::uint32_t whole = libdeflate_crc32(0, bytes.data(), bytes.size());
  CHECK(libdeflate_crc32(libdeflate_crc32(0, bytes.data(), 333), bytes.data() + 333, 667) == whole);
  bytes[500] ^= 1;
  CHECK(libdeflate_crc32(0, bytes.data(), bytes.size()) != whole);
}
