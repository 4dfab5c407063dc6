// Image folders through the command line: predict sees an image as train does, and what is left out is told
// and kept.
#include <doctest/doctest.h>
#include <fmt/format.h>

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
  CHECK(line_count(refused.out) == 3);
  CHECK(refused.out.starts_with(broken + ": "));
  CHECK(holds(refused.out, "\n" + plain + ":  above "));
  CHECK(holds(refused.err, "2 of 3 images cannot be read: " + broken));
  CHECK(holds(refused.err, "it is a WebP image"));
  CHECK(holds(refused.err, "--skip-bad leaves them out"));
  const auto skipped = fanin_command({"predict", model, broken, plain, webp, "--skip-bad", "--json"});
  CHECK(skipped.code == 0);
  CHECK(json::parse(skipped.out).size() == 1);
  CHECK(holds(skipped.err, "note: 2 of 3 images cannot be read and are left out"));
}

TEST_CASE("images: predict takes folders and many files, and passes over what is broken, in three forms") {
  const TempFolder root;
  const std::string folder = write_folder(root), model = root / "m.safetensors";
  const auto trained = fanin_command({"train", "--model", "mlp(hidden=8)", "--data",
                                      "folder(" + fanin::value_text(folder) + ", size=8)", "--epochs", "5",
                                      "--batch", "4", "--lr", "0.5", "--output", model});
  REQUIRE_MESSAGE(trained.code == 0, trained.err);
  // More than one piece of images, some in folders further down, one broken, one that is no image at all.
  const std::string many = root / "many";
  std::filesystem::create_directories(many + "/deep/deeper");
  for (int i = 0; i < 70; ++i)
    std::filesystem::copy_file(folder + (i % 2 == 0 ? "/above/3.png" : "/below/3.png"),
                               fmt::format("{}/deep{}/{:03}.png", many, i < 65 ? "" : "/deeper", i));
  write_bytes(many + "/0, broken.png", Bytes{1, 2, 3});
  write_bytes(many + "/list.txt", Bytes{'x'});
  std::filesystem::create_directory_symlink(many, many + "/deep/around");
  const std::string gone = root / "gone.png", alone = folder + "/above/4.png";

  const std::vector<std::string> words = {"predict", model, alone, many, gone, "--top", "1"};
  const auto in_form = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return fanin_command(more);
  };
  const Outcome listed = in_form({"--json"});
  CHECK(listed.code == 1);
  CHECK(holds(listed.err, "2 of 73 images cannot be read: "));
  CHECK(holds(listed.err, "left out, since only PNG, JPEG, GIF or BMP images are read: 1 .txt"));
  CHECK(holds(listed.err, "each image becomes 8x8 pixels, gray: stretched, whatever its proportions"));
  const json all = json::parse(listed.out);
  REQUIRE(all.size() == 73);
  CHECK(all[0]["image"] == alone);
  CHECK(all[1]["image"] == many + "/0, broken.png");
  CHECK(holds(all[1]["error"], "cannot be read as a PNG"));
  for (std::size_t i = 0; i < 70; ++i) {
    CAPTURE(i);
    CHECK(holds(all[2 + i]["image"], fmt::format("/{:03}.png", i)));
    CHECK(all[2 + i]["name"] == (i % 2 == 0 ? "above" : "below"));
    CHECK(all[2 + i]["top"].size() == 1);
    // what else is judged along with it is nothing to an image
    CHECK(all[2 + i]["top"] == all[2 + i % 2]["top"]);
  }
  CHECK(all[72]["image"] == gone);
  CHECK(holds(all[72]["error"], "No such file"));

  const Outcome table = in_form({"--format", "csv"});
  CHECK(table.code == 1);
  CHECK(line_count(table.out) == 74);
  CHECK(table.out.starts_with("image,rank,class,name,probability,error\n\"" + alone + "\",1,0,above,0."));
  CHECK(holds(table.out, "\n\"" + many + "/0, broken.png\",,,,,"));
  CHECK(line_count(in_form({}).out) == 73);
  const Outcome skipped = in_form({"--json", "--skip-bad"});
  CHECK(skipped.code == 0);
  CHECK(json::parse(skipped.out).size() == 71);
  CHECK(in_form({"--format", "yaml"}).code == 2);
  const Outcome empty = fanin_command({"predict", model, root / "many/deep/deeper", root / "no_images"});
  CHECK(empty.code == 1);  // for the folder that is not there
  std::filesystem::create_directory(root / "no_images");
  write_bytes(root / "no_images/x.webp", Bytes{1});
  const Outcome none = fanin_command({"predict", model, root / "no_images"});
  CHECK(none.code == 1);
  CHECK(holds(none.err, "no image in this folder or below it"));
  CHECK(holds(none.err, "there are 1 .webp"));

  // A folder further down that nobody may list, not even root: its path is too long.
  const std::string far = root / "far", name(250, 'x');
  std::filesystem::create_directory(far);
  std::filesystem::copy_file(alone, far + "/1.png");
  REQUIRE(std::system(
              fmt::format("(cd '{}' && for i in $(seq 20); do mkdir {} && cd {} || break; done) 2> /dev/null",
                          far, name, name)
                  .c_str()) == 0);
  const Outcome unlisted = fanin_command({"predict", model, far, "--json"});
  CHECK(unlisted.code == 1);
  CHECK(holds(unlisted.err, "cannot be listed: File name too long; --skip-bad"));
  const json one = json::parse(unlisted.out);
  REQUIRE(one.size() == 2);
  CHECK(one[0]["name"] == "above");
  CHECK(holds(one[1]["error"], "cannot be listed"));
  const Outcome passed_over = fanin_command({"predict", model, far, "--json", "--skip-bad"});
  CHECK(passed_over.code == 0);
  CHECK(json::parse(passed_over.out).size() == 1);
}

TEST_CASE("images: evaluate --confusion and its scores are those computed by hand") {
  const TempFolder root;
  const std::string folder = write_folder(root), model = root / "m.safetensors";
  REQUIRE(fanin_command({"train", "--model", "mlp(hidden=8)", "--data",
                         "folder(" + fanin::value_text(folder) + ", size=8)", "--epochs", "5", "--batch", "4",
                         "--lr", "0.5", "--output", model})
              .code == 0);
  // The model tells both kinds apart without fail; a test set that calls some by the other's name makes a known
  // matrix: of 4 said to be above 1 is below, of 6 said to be below 4 are above.
  const std::string marked = root / "marked";
  const auto put = [&](const std::string& kind, const std::string& name, int count, const std::string& set) {
    std::filesystem::create_directories(marked + "/" + set + "/" + name);
    for (int i = 0; i < count; ++i)
      std::filesystem::copy_file(fmt::format("{}/{}/{}.png", folder, kind, i),
                                 fmt::format("{}/{}/{}/{}_{}.png", marked, set, name, kind, i));
  };
  put("above", "above", 2, "train");
  put("below", "below", 2, "train");
  put("above", "above", 3, "test");
  put("below", "above", 1, "test");
  put("below", "below", 2, "test");
  put("above", "below", 4, "test");
  const std::vector<std::string> words = {"evaluate", model, "--data", "folder(" + marked + ", size=8)"};
  auto as_text = words, as_json = words;
  as_text.emplace_back("--confusion");
  as_json.emplace_back("--json");
  const Outcome said = fanin_command(as_text);
  REQUIRE_MESSAGE(said.code == 0, said.err);
  CHECK(holds(said.out,
              "true \\ predicted  above  below  samples\n"
              "above                 3      1        4\n"
              "below                 4      2        6\n"));
  // recall 3/4 and 2/6; precision 3/7 and 2/3; F1 6/11 and 4/9
  CHECK(holds(said.out, "accuracy 50.00%, macro F1 49.49%, balanced accuracy 54.17%"));
  CHECK(holds(said.out, "above     42.86%  75.00%  54.55%        4\n"));
  CHECK(holds(said.out, "below     66.67%  33.33%  44.44%        6\n"));
  const json result = json::parse(fanin_command(as_json).out);
  CHECK(result["confusion"] == json::parse("[[3, 1], [4, 2]]"));
  CHECK(result["macro_f1"].get<double>() == doctest::Approx((6.0 / 11 + 4.0 / 9) / 2));
  CHECK(result["balanced_accuracy"].get<double>() == doctest::Approx((3.0 / 4 + 2.0 / 6) / 2));
  CHECK(result["accuracy"].get<double>() == doctest::Approx(0.5));
  CHECK(result["classes"][0]["name"] == "above");
  CHECK(result["classes"][0]["precision"].get<double>() == doctest::Approx(3.0 / 7));
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
