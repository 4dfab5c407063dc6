#include <doctest/doctest.h>

#include <algorithm>

#include <fanin/core/error.hpp>

#include "datasets/idx.hpp"
#include "tests/datasets/files.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

Bytes cut(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes changed(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = value;
  return bytes;
}

std::string parse_message(const Bytes& content, int rank) {
  try {
    datasets::parse_idx(content, rank, "FILE", "make it");
  } catch (const Error& error) {
    CHECK(error.blame() == Blame::run);
    return error.what();
  }
  return "no error";
}

const Bytes pixels = {1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255};
const Bytes good = idx_images(pixels, 2, 2, 3);

}  // namespace

TEST_CASE("an IDX file reads alike plain and gzipped") {
  const TempFolder folder;
  write_bytes(folder / "plain.gz", good);  // the content tells, not the name
  write_gz(folder / "packed", good);
  for (const char* name : {"plain.gz", "packed"}) {
    CAPTURE(name);
    const datasets::IdxArray array = datasets::read_idx(folder / name, 3);
    CHECK(array.sizes == std::vector<Index>{2, 2, 3});
    CHECK(array.bytes == pixels);
  }
}

TEST_CASE("a gzip file of several members is one, wherever it is cut") {
  const auto begin = [](std::size_t size) {
    return Bytes(good.begin(), good.begin() + static_cast<long>(size));
  };
  const auto rest = [](std::size_t from) {
    return Bytes(good.begin() + static_cast<long>(from), good.end());
  };
  for (std::size_t at = 0; at <= good.size(); ++at) {
    CAPTURE(at);
    const Bytes packed = joined(joined(gzip(begin(at)), gzip({})), gzip(rest(at)));
    CHECK(datasets::parse_idx(packed, 3, "FILE", "").bytes == pixels);
    CHECK(
        parse_message(joined(packed, gzip({7})), 3).starts_with("FILE: more data than the header promises"));
    CHECK(parse_message(joined(packed, {7, 7}), 3).starts_with("FILE: 2 trailing bytes after the gzip data"));
    if (at == good.size()) continue;
    CHECK(parse_message(gzip(begin(at)), 3) != "no error");
    CHECK(parse_message(cut(packed, packed.size() - 1), 3).starts_with("FILE: truncated gzip data"));
  }
}

TEST_CASE("a broken IDX file is refused with its path, what was expected and what to do") {
  struct Case {
    const char* what;
    Bytes content;
    int rank;
    const char* expected;
  };
  const Case cases[] = {
      {"nothing", {}, 3, "FILE: 0 bytes, too short for IDX data; get it with: make it"},
      {"three bytes", {0, 0, 8}, 3, "FILE: 3 bytes, too short for IDX data; get it with: make it"},
      {"text",
       {'<', 'h', 't', 'm', 'l', '>', '.', '.', '.', '.', '.', '.', '.', '.', '.', '.'},
       3,
       "FILE: wrong magic number 3c68746d, expected 00000803 (IDX of unsigned bytes, 3 dimensions: images); "
       "get it with: make it"},
      {"labels for images", idx_labels({1, 2}), 3,
       "FILE: IDX of unsigned bytes in 1 dimension, expected images: unsigned bytes in 3; get it with: make it"},
      {"images for labels", good, 1,
       "FILE: IDX of unsigned bytes in 3 dimensions, expected labels: whole numbers in 1; get it with: make it"},
      {"floats", changed(good, 2, 0x0d), 3,
       "FILE: IDX of 32-bit floats in 3 dimensions, expected images: unsigned bytes in 3; get it with: make it"},
      {"float labels",
       {0, 0, 0x0e, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
       1,
       "FILE: IDX of 64-bit floats in 1 dimension, expected labels: whole numbers in 1; get it with: make it"},
      {"an unknown type", changed(good, 2, 0x0a), 3, "FILE: wrong magic number 00000a03, expected 00000803"},
      {"labels in three columns",
       {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3},
       1,
       "FILE: 3 columns of labels, expected one, or"},
      {"half a header", cut(good, 11), 3,
       "FILE: truncated: 11 bytes, the header alone has 16; get it with: make it"},
      {"header only", cut(good, 16), 3,
       "FILE: truncated: the header promises 2x2x3 = 12 bytes, there are 0; get it with: make it"},
      {"one byte short", cut(good, 27), 3,
       "FILE: truncated: the header promises 2x2x3 = 12 bytes, there are 11; get it with: make it"},
      {"one byte more", joined(good, {7}), 3,
       "FILE: 1 trailing bytes after the 2x2x3 = 12 the header promises; get it with: make it"},
      {"no images", idx_images({}, 0, 28, 28), 3,
       "FILE: empty: its header promises 0x28x28 bytes; get it with: make it"},
      {"no pixels", idx_images({}, 5, 0, 28), 3,
       "FILE: empty: its header promises 5x0x28 bytes; get it with: make it"},
      {"sizes whose product overflows", idx_images({}, 0xffffffff, 0xffffffff, 0xffffffff), 3,
       "FILE: its header promises 4294967295x4294967295x4294967295 bytes, more than the 4294967296 that are "
       "read; get it with: make it"},
      {"sizes whose product wraps to a small number", idx_images({1}, 0x80000000, 0x80000000, 4), 3,
       "FILE: its header promises 2147483648x2147483648x4 bytes, more than the 4294967296 that are read; get "
       "it with: make it"},
      {"much promised", idx_images({1}, 1000, 1000, 1000), 3,
       "FILE: truncated: the header promises 1000x1000x1000 = 1000000000 bytes, there are 1; get it with: "
       "make it"},
      {"much promised, gzipped", gzip(idx_images({1}, 1000, 1000, 1000)), 3,
       "FILE: truncated: the header promises 1000x1000x1000 = 1000000000 bytes, "},
      {"gzip of a short file", gzip(cut(good, 27)), 3,
       "FILE: truncated: the header promises 2x2x3 = 12 bytes, there are 11; get it with: make it"},
      {"gzip of a long file", gzip(joined(good, {7})), 3,
       "FILE: more data than the header promises: trailing bytes; get it with: make it"},
      {"a bomb behind a small header", gzip(joined(good, Bytes(10'000'000))), 3,
       "FILE: more data than the header promises: trailing bytes; get it with: make it"},
      {"gzip of nothing", gzip({}), 3, "FILE: 0 bytes, too short for IDX data; get it with: make it"},
      {"gzip magic alone", {0x1f, 0x8b}, 3, "FILE: 0 bytes, too short for IDX data; get it with: make it"},
      {"gzip without its end", cut(gzip(good), gzip(good).size() - 3), 3,
       "FILE: truncated gzip data: its end and checksum are missing; get it with: make it"},
      {"gzip with a wrong checksum", changed(gzip(good), gzip(good).size() - 8, 0), 3,
       "FILE: corrupt gzip data (incorrect data check); get it with: make it"},
      {"gzip with a wrong method", changed(gzip(good), 2, 3), 3,
       "FILE: corrupt gzip data (unknown compression method); get it with: make it"},
      {"gzip with something behind", joined(gzip(good), {1, 2, 3}), 3,
       "FILE: 3 trailing bytes after the gzip data; get it with: make it"},
  };
  for (const Case& broken : cases) {
    CAPTURE(broken.what);
    CHECK(parse_message(broken.content, broken.rank).starts_with(broken.expected));
  }
}

TEST_CASE("every prefix of a good file is refused, and every changed byte gives an answer") {
  for (const Bytes& whole : {good, gzip(good)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK(parse_message(cut(whole, size), 3) != "no error");
    }
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const int flip : {0x01, 0x80, 0xff})
        parse_message(changed(whole, at, static_cast<std::uint8_t>(whole[at] ^ flip)), 3);
  }
}

TEST_CASE("images and labels become a dataset") {
  const TempFolder folder;
  write_gz(folder / "images", good);
  write_bytes(folder / "labels", idx_labels({0, 4}));
  const data::Dataset data = datasets::read_idx_dataset(folder / "images", folder / "labels", 10);
  CHECK(data.count == 2);
  CHECK(data.height == 2);
  CHECK(data.width == 3);
  CHECK(data.labels == std::vector<std::int32_t>{0, 4});
  CHECK(datasets::read_idx_dataset(folder / "images", folder / "labels", 0).classes == 5);
  CHECK_THROWS_WITH_AS(
      datasets::read_idx_dataset(folder / "images", folder / "labels", 3, "make it"),
      (folder / "labels: label 4 at position 1 is out of range, expected 0..2; get it with: make it").c_str(),
      Error);
  write_bytes(folder / "labels", idx_labels({0, 4, 1}));
  CHECK_THROWS_WITH_AS(datasets::read_idx_dataset(folder / "images", folder / "labels", 10),
                       (folder / "labels: 3 labels for the 2 images of " + (folder / "images")).c_str(),
                       Error);
}

TEST_CASE("labels may be whole numbers of any size, of which the first column counts") {
  const TempFolder folder;
  write_bytes(folder / "images", good);
  struct Row {
    const char* what;
    Bytes labels;
  };
  const Row rows[] = {
      {"signed bytes", {0, 0, 9, 1, 0, 0, 0, 2, 3, 1}},
      {"16 bits", {0, 0, 0x0b, 1, 0, 0, 0, 2, 0, 3, 0, 1}},
      {"32 bits", {0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1}},
      {"one column", {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 3, 1}},
      {"QMNIST's", {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 8, 3, 9, 9, 9, 9, 9, 9, 9, 1, 9, 9, 9, 9, 9, 9, 9}}};
  for (const auto& [the_what, labels] : rows) {
    const auto& what = the_what;  // clang 14 captures no structured binding
    CAPTURE(what);
    for (const bool packed : {false, true}) {
      write_bytes(folder / "labels", packed ? gzip(labels) : labels);
      const data::Dataset data = datasets::read_idx_dataset(folder / "images", folder / "labels", 0);
      CHECK(data.labels == std::vector<std::int32_t>{3, 1});
      CHECK(data.classes == 4);
    }
  }
  const auto refused = [&](const Bytes& labels, int classes) {
    write_bytes(folder / "labels", labels);
    return message([&] { datasets::read_idx_dataset(folder / "images", folder / "labels", classes); });
  };
  CHECK(holds(refused({0, 0, 9, 1, 0, 0, 0, 2, 1, 0xff}, 0), "label -1 at position 1 is out of range"));
  // No model of two thousand million outputs is made for one hostile label.
  CHECK(holds(refused({0, 0, 0x0c, 1, 0, 0, 0, 2, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1}, 0),
              "label 2147483647 at position 0 is out of range, expected 0..65535"));
  CHECK(holds(refused(idx_labels({1, 2}), 2),
              "the labels run from 1 to 2: leave classes=2 out and say only=1..2"));
}

TEST_CASE("what is no readable file is refused before it is opened") {
  const TempFolder folder;
  CHECK_THROWS_WITH_AS(datasets::read_idx(folder / "none", 3),
                       (folder / "none: no such file, expected IDX data").c_str(), Error);
  CHECK_THROWS_WITH_AS(datasets::read_idx(folder.path(), 3),
                       (folder.path() + ": not a readable file, expected IDX data").c_str(), Error);
  CHECK_THROWS_WITH_AS(datasets::read_idx("/dev/zero", 3),
                       "/dev/zero: not a readable file, expected IDX data", Error);
}
