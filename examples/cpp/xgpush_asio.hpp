// Reports of an outbox on an executor of asio. Copy it into your project; for Boost.Asio
// include that first and put `namespace asio = boost::asio;` before this file.
#ifndef XGPUSH_ASIO_HPP
#define XGPUSH_ASIO_HPP

#ifndef BOOST_ASIO_VERSION
#include <asio.hpp>
#endif
#include <functional>
#include <memory>
#include <utility>
#include <xgpush.hpp>

namespace xgpush_asio {

// Passes each report of an outbox to a function, on an executor that runs one handler at
// a time: an io_context with one thread, or a strand. The outbox must outlive it. Stop it
// there before the outbox is closed: the descriptor that it waits for is the outbox's.
class report_stream {
 public:
  using each_report = std::function<void(const xgpush::report&)>;

  report_stream(const asio::any_io_executor& on, const xgpush::outbox& from, each_report each)
      : shared_(std::make_shared<shared>(on, from, std::move(each))) {
    wait(shared_);
  }
  report_stream(const report_stream&) = delete;
  report_stream& operator=(const report_stream&) = delete;
  ~report_stream() { stop(); }

  // No report comes to the function after that; what the outbox still has can be polled.
  void stop() {
    shared_->running = false;
    if (shared_->readable.is_open()) shared_->readable.release();
  }

 private:
  struct shared {
    shared(const asio::any_io_executor& on, const xgpush::outbox& outbox, each_report function)
        : readable(on, outbox.fd()), from(outbox), each(std::move(function)) {}
    asio::posix::stream_descriptor readable;
    const xgpush::outbox& from;
    const xgpush::reports buffer{64};
    each_report each;
    bool running = true;
  };

  static void wait(const std::shared_ptr<shared>& self) {
    self->readable.async_wait(asio::posix::stream_descriptor::wait_read, [self](asio::error_code error) {
      if (error || !self->running) return;
      // One buffer a turn, so that others of the loop have theirs.
      self->from.poll(self->buffer);
      for (std::size_t n = 0; n < self->buffer.size() && self->running; n++) self->each(self->buffer[n]);
      // A descriptor stays readable after the end.
      if (self->running && !self->from.is_drained()) wait(self);
    });
  }

  std::shared_ptr<shared> shared_;
};

}  // namespace xgpush_asio

#endif  // XGPUSH_ASIO_HPP
