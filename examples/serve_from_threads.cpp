// Serve predictions from four threads: one model, which `predict` leaves as it is; no locks, flat memory.
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>
#include <vector>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>
#include <fanin/models.hpp>

using namespace fanin;

namespace {

/// What the program holds in memory now, in KiB.
long resident() {
  long total = 0, held = 0;
  std::ifstream("/proc/self/statm") >> total >> held;
  return held * (::sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace

int main() {
  const data::Sets sets = datasets::load_sets("fashion-mnist(per_class=200)");
  const nn::ModulePtr net = models::build("mlp(hidden=64)", {});
  Generator generator(0);
  start::initialize(*net, "kaiming_normal", generator);
  train::fit(*net, sets, {.epochs = 4, .batch = 32, .optimizer = {.lr = 0.02}});
  const data::Batch images = data::first_batch(sets.test, 1000);

  const nn::Module& model = *net;  // const: nothing below can change it
  const auto serve = [&](Index requests) {
    std::atomic<Index> right = 0;
    std::vector<std::thread> servers;
    for (Index server = 0; server < 4; ++server) {
      servers.emplace_back([&, server] {
        for (Index request = server; request < requests; request += 4) {
          const Index i = request % 1000;  // a request is one image
          const Tensor answer = ops::argmax(model.predict(images.images[{i, i + 1}]), 1);
          right += static_cast<Index>(answer.item()) == images.labels[static_cast<std::size_t>(i)];
        }
      });
    }
    for (auto& server : servers) server.join();
    return right.load();
  };
  serve(10'000);
  const long before = resident();
  const Index requests = 100'000, right = serve(requests);
  std::cout << requests << " requests, " << right << " answered right\n"
            << "memory grew by " << resident() - before << " KiB\n";
}
