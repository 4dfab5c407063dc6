// Serve predictions from several threads: one model, which `predict` leaves as it is; no locks.
#include <array>
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>
#include <fanin/models.hpp>

using namespace fanin;

int main() {
  const data::Sets data = datasets::load_sets("fashion-mnist(per_class=200)");
  const nn::ModulePtr net = models::build("lenet", {});
  Generator generator(0);
  start::initialize(*net, "kaiming_normal", generator);
  train::train(*net, data, {.epochs = 4, .batch = 32, .optimizer = {.lr = 0.02}});

  std::atomic<Index> right = 0;
  std::vector<std::thread> servers;
  for (Index server = 0; server < 4; ++server) {
    servers.emplace_back([&, server] {
      for (Index i = server; i < 1000; i += 4) {  // a request is one image
        const std::array<Index, 1> one = {i};
        const data::Dataset image = data.test.subset(one);
        const data::Batch batch = data::first_batch(image, 1);
        right += train::count_correct(net->predict(batch.images), batch.labels);
      }
    });
  }
  for (auto& server : servers) server.join();
  std::cout << "1000 requests, " << right << " answered right\n";
}
