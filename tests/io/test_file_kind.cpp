#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <fanin/core/error.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/parse_message.hpp"
#include "tests/io/scratch.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

TEST_CASE("file kind: a file that is none of ours is named, with what to do") {
  const std::string zeros(300, '\0');
  const auto field = [](int number, const std::string& text) {
    return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(text.size()) + text;
  };
  const std::pair<std::string, const char*> files[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n", "a Git LFS pointer"},
      {"<!DOCTYPE html><title>404</title>", "an HTML page"},
      {"\n  <HTML lang=en>", "an HTML page"},
      {"\xef\xbb\xbf<!doctype HTML>", "an HTML page"},
      {"<!-- x --><html>", "an HTML page"},
      {"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "an XML error message of a server"},
      {"\x89HDF\r\n\x1a\n" + zeros, "numpy.savez"},
      {"GGUF" + zeros, "a GGUF file"},
      {std::string("\x1c\0\0\0TFL3", 8) + zeros, "a TensorFlow Lite model"},
      {"\x1f\x8b\x08" + zeros, "gunzip"},
      {std::string("\3757zXZ\0", 6) + zeros, "unxz"},
      {"\x28\xb5\x2f\xfd" + zeros, "unzstd"},
      {"BZh91AY" + zeros, "bunzip2"},
      {"7z\xbc\xaf\x27\x1c" + zeros, "a 7-Zip archive"},
      {"Rar!\x1a\x07" + zeros, "a RAR archive"},
      {"model.pt" + std::string(249, '\0') + "ustar" + zeros, "tar xf"},
      {"%PDF-1.7\n", "a PDF document"},
      {"\x89PNG\r\n\x1a\n" + zeros, "a PNG image"},
      {"\xff\xd8\xff\xe0" + zeros, "a JPEG image"},
      {"\177ELF\2\1\1" + zeros, "an ELF program"},
      {"MZ\x90" + zeros, "a Windows program"},
      {"SQLite format 3" + zeros, "an SQLite database"},
      {"\x81\xa6params\x81" + zeros, "a MessagePack file, as Flax writes"},
      {std::string("\0\0\x08\3\0\0\0\1", 8) + zeros, "an IDX file of images"},
      {"x" + zeros + "\x57\xfb\x80\x8b\x24\x75\x47\xdb", "the index of a TensorFlow checkpoint"},
      {"model_checkpoint_path: \"model.ckpt-1\"\n", "tf.train.load_checkpoint"},
      {"\x08\1" + field(2, "graph"), "a TensorFlow SavedModel"},
      {"\x08\4" + field(2, "description") + "\xa2\x1f\1x", "a Core ML model"},
      {field(1, "LeNet") + "\xa2\x06\3abc", "a Caffe model"},
      {"name: \"LeNet\"\nlayer {\n", "a Caffe model's text"},
      {"{\"architectures\": [\"Bert\"]}", "a JSON text"},
      {"[1, 2]", "a JSON text"},
      {"(dp0\nS'a'\n", "a pickle of protocol 0 or 1"},
      {"ccollections\nOrderedDict\n", "a pickle of protocol 0 or 1"},
      {"\x80\4\x95" + zeros.substr(0, 8) + "\x8c\x13joblib.numpy_pickle", "joblib"},
      {"\x78\x9c" + zeros, "joblib"},
      {"import torch\n", "a Python program"},
      {"epoch,loss\n1,2\n", "a text that begins with 'epoch,loss'"},
      {"\x1b[2Jhello", "its first bytes are 1b 5b 32 4a"},
      {zeros, "nothing but zeros"},
      {"", "the file is empty"},
      {zip_of({{.name = "config.json", .data = "{}"}, {.name = "model.weights.h5", .data = "x"}}),
       "a Keras file"},
      {zip_of({{.name = "m/saved_model.pb", .data = "x"}}), "a zipped TensorFlow SavedModel"},
      {zip_of({{.name = "m/model.json", .data = "{}"}, {.name = "m/tensors/0", .data = "x"}}),
       "before PyTorch 1.4"},
      {zip_of({{.name = "m/archive_format", .data = "pt2"}}), "torch.export"},
      {zip_of({{.name = "MAR-INF/MANIFEST.json", .data = "x"}, {.name = "m.pt", .data = "x"}}), "TorchServe"},
      {zip_of({{.name = "run/best.pth", .data = "x"}}), "'run/best.pth' in it; unpack it first"},
  };
  for (const auto& entry : files) {
    const auto& file = entry.first;
    const auto& expected = entry.second;
    CAPTURE(expected);
    const std::string message = parse_message(file);
    CHECK(message.find(expected) != std::string::npos);
    CHECK(message.find('\x1b') == std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
    // Every beginning of it is an Error too, and none costs memory.
    for (std::size_t size = 0; size < std::min<std::size_t>(file.size(), 64); ++size)
      CHECK(parse_message(file.substr(0, size)) != "no error");
  }
}

TEST_CASE("file kind: a folder says which file to name, or what it is") {
  const Scratch scratch;
  const auto message = [&] {
    try {
      io::read_tensor_file(scratch.folder());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto with = [&](const std::string& name) {
    std::ofstream(scratch / name) << "x";
    return message();
  };
  CHECK(message().find("is a folder, expected a file") != std::string::npos);
  CHECK(with("b.safetensors").find("name the file in it: " + scratch / "b.safetensors") != std::string::npos);
  CHECK(with("model.safetensors.index.json").find("index.json") != std::string::npos);
  CHECK(with("__0_0.distcp").find("name the file in it") != std::string::npos);
  CHECK(with(".metadata").find("a distributed checkpoint of PyTorch") != std::string::npos);
  CHECK(with("saved_model.pb").find("a TensorFlow SavedModel") != std::string::npos);
}
