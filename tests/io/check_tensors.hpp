#pragma once
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <fanin/io/tensor_file.hpp>

#include "tests/io/hex_bytes.hpp"

/// Whether `file` holds exactly the tensors of `expected`, bit for bit: {name: [dtype, sizes, bytes in hexadecimal]}.
inline void check_tensors(const fanin::io::TensorFile& file, const nlohmann::json& expected) {
  CHECK(file.tensors.size() == expected.size());
  for (const auto& entry : expected.items()) {
    const auto& key = entry.key();
    const auto& value = entry.value();
    CAPTURE(key);
    const fanin::io::StoredTensor* tensor = file.find(key);
    REQUIRE(tensor != nullptr);
    CHECK(name_of(tensor->dtype) == value[0].get<std::string>());
    CHECK(tensor->sizes == value[1].get<std::vector<fanin::Index>>());
    CHECK(hex_bytes(*tensor) == value[2].get<std::string>());
  }
}
