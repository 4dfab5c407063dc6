// Image folders through the command line: predict sees an image as train does, and what is left out is told
// and kept.
#include <doctest/doctest.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include <fanin/core/expression.hpp>

#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/datasets/refused_calls.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

namespace {

/// Two classes of 8×8 pictures, bright above or below, in a folder whose name holds a comma.
std::string write_folder(const TempFolder& root) {
  const std::string folder = root / "bright, dark";
  for (const std::string name : {"above", "below"}) {
    std::filesystem::create_directories(folder + "/" + name);
    for (int i = 0; i < 12; ++i) {
      PngPicture picture{.width = 8,
                         .height = 8,
                         .depth = 8,
                         .colour = 0,
                         .samples = Bytes(64, static_cast<std::uint8_t>(10 + i))};
      for (std::size_t p = 0; p < 32; ++p)
        picture.samples[name == "above" ? p : p + 32] = static_cast<std::uint8_t>(200 + i);
      write_bytes(folder + "/" + name + "/" + std::to_string(i) + ".png", picture.bytes());
    }
  }
  return folder;
}

std::vector<double> probabilities(const json& entry) {
  std::vector<double> all(2);
  for (const auto& one : entry["top"]) all[one["class"].get<std::size_t>()] = one["probability"];
  return all;
}

}  // namespace

TEST_CASE("images: predict composites, turns and names images as train does") {
  const TempFolder root;
  const std::string data = "folder(" + fanin::value_text(write_folder(root)) + ", size=8, background=10)",
                    model = root / "m.safetensors";
  const auto trained = fanin_command({"train", "--model", "mlp(hidden=8)", "--data", data, "--epochs", "3",
                                      "--batch", "4", "--output", model});
  REQUIRE_MESSAGE(trained.code == 0, trained.err);

  // The same picture four ways: as it is; drawn on nothing, where the model's background stands in; upside
  // down with a tag.
  Bytes gray(64, 10), alpha, turned(64, 10);
  for (std::size_t p = 0; p < 32; ++p) gray[p] = 220, turned[p + 32] = 220;
  for (std::size_t p = 0; p < 64; ++p)
    alpha.insert(alpha.end(), {p < 32 ? std::uint8_t{220} : std::uint8_t{0},
                               p < 32 ? std::uint8_t{255} : std::uint8_t{0}});
  const std::string plain = root / "plain.png", clear = root / "clear.png", tagged = root / "tagged.png",
                    broken = root / "broken.png", webp = root / "w.png";
  write_bytes(plain, PngPicture{.width = 8, .height = 8, .depth = 8, .colour = 0, .samples = gray}.bytes());
  write_bytes(clear, PngPicture{.width = 8, .height = 8, .depth = 8, .colour = 4, .samples = alpha}.bytes());
  write_bytes(
      tagged,
      PngPicture{
          .width = 8, .height = 8, .depth = 8, .colour = 0, .samples = turned, .exif = exif_block(3, false)}
          .bytes());
  const auto seen = fanin_command({"predict", model, plain, clear, tagged, "--json"});
  REQUIRE_MESSAGE(seen.code == 0, seen.err);
  const json all = json::parse(seen.out);
  CHECK(all[0]["name"] == "above");
  CHECK(probabilities(all[1]) == probabilities(all[0]));
  CHECK(probabilities(all[2]) == probabilities(all[0]));
  const auto on_white = fanin_command({"predict", model, clear, "--background", "white", "--json"});
  CHECK(probabilities(json::parse(on_white.out)[0]) != probabilities(all[0]));
  CHECK(fanin_command({"predict", model, clear, "--background", "pink"}).code == 2);

  write_bytes(broken, Bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
  write_bytes(webp, Bytes{'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P'});
  const auto refused = fanin_command({"predict", model, broken, plain, webp});
  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
  CHECK(holds(refused.err, "2 of 3 images cannot be read: " + broken));
  CHECK(holds(refused.err, "it is a WebP image"));
  CHECK(holds(refused.err, "--skip-bad leaves them out"));
  const auto skipped = fanin_command({"predict", model, broken, plain, webp, "--skip-bad", "--json"});
  CHECK(skipped.code == 0);
  CHECK(json::parse(skipped.out).size() == 1);
  CHECK(holds(skipped.err, "note: 2 of 3 images cannot be read and are left out"));
}

TEST_CASE("images: where the kernel refuses seccomp, train and predict say so once") {
  const TempFolder root;
  const std::string folder = write_folder(root), model = root / "m.safetensors";
  const std::vector<std::string> train = {
      "train",    "--model", "mlp(hidden=8)", "--data", "folder(" + fanin::value_text(folder) + ", size=8)",
      "--epochs", "1",       "--batch",       "4",      "--output",
      model};
  const std::vector<std::string> predict = {"predict", model, folder + "/above/1.png",
                                            folder + "/below/1.png"};
  CHECK(holds(fanin_command({"train", "--help"}).out, "seccomp"));
  for (const auto& arguments : {train, predict}) {
    CAPTURE(arguments[0]);
    const auto notes = [&] {
      const Outcome run = fanin_command(arguments);
      int count = run.code == 0 ? 0 : 100;
      for (std::size_t at = 0; (at = run.err.find("the kernel refuses seccomp", at)) != std::string::npos;
           ++at)
        ++count;
      return count;
    };
    CHECK(notes() == 0);
    CHECK(code_where_calls_are_refused(notes) == 1);
  }
}

TEST_CASE("images: --skip-bad leaves out what cannot be read, and the run says so") {
  const TempFolder root;
  const std::string folder = write_folder(root), data = "folder(" + fanin::value_text(folder) + ", size=8)";
  for (const char* name : {"/above/1.png", "/below/2.png"}) write_bytes(folder + name, Bytes{1, 2, 3});
  write_bytes(folder + "/above/x.webp", Bytes{1});
  const std::vector<std::string> train = {"train",    "--model", "mlp(hidden=8)", "--data", data,
                                          "--epochs", "1",       "--batch",       "4",      "--json"};
  const auto refused = fanin_command(train);
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "2 of 24 images cannot be read: "));
  auto skipping = train;
  skipping.push_back("--skip-bad");
  const auto outcome = fanin_command(skipping);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(holds(
      outcome.err,
      "note: " + folder + ": 1 file is left out, since only PNG, JPEG, GIF or BMP images are read: 1 .webp"));
  CHECK(holds(outcome.err, "cannot be read and are left out (skip_bad): "));
  const json settings = json::parse(outcome.out)["settings"];
  CHECK(holds(settings["data"], "skip_bad=true"));
  CHECK(settings["data_notes"].size() >= 2);
  auto saving = skipping;
  saving.insert(saving.end(), {"--output", root / "m.safetensors"});
  REQUIRE(fanin_command(saving).code == 0);
  const auto tuned = fanin_command({"finetune", "--from", root / "m.safetensors", "--data", data,
                                    "--skip-bad", "--epochs", "1", "--batch", "4", "--json"});
  REQUIRE_MESSAGE(tuned.code == 0, tuned.err);
  CHECK((json::parse(tuned.out)["settings"]["data_notes"] == settings["data_notes"]));
  CHECK(fanin_command({"train", "--skip-bad", "--data", "synthetic(count=20)", "--epochs", "1"}).code == 2);
}
