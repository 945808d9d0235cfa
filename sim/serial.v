// Drives xnorflow_board at its UART: requests from a file, one bit after the other, and the bytes that come back.
//
// Plusargs: +bytes=FILE      the requests: a record of two bytes for each byte, 1 before the last of a request, else 0
//           +events=FILE     one line per event, as bench.v writes them: "in" when a request has been sent, "out" for
//                            each byte that came
//           +answer=COUNT    bytes of an answer, or, with +end=BYTE, how many of these it has, the last at its end
//           +flight=COUNT    requests that may be without their answers, the one on the wire included
//           +settle=CYCLES   silence before the first request
//           +idle=CYCLES     silence on both lines after which the run ends
//           +waves=FILE      waveform, on Icarus

`timescale 1ns / 1ps
`default_nettype none

module xnorflow_serial_bench #(
    parameter DIVISOR = 4,
    // Where XNORFLOW_LOAD is defined: the place of the weights in the flash, and their bytes.
    parameter FLASH_OFFSET = 0,
    parameter FLASH_SIZE = 1
) (
    input  wire clk  /*verilator public_flat_rw*/,
    input  wire rst  /*verilator public_flat_rw*/,
    output reg  done /*verilator public_flat_rw*/
);
    reg  rx;
    wire tx;

`ifdef XNORFLOW_LOAD
    wire flash_clk, flash_cs, flash_copi, flash_cipo;

    xnorflow_flash #(.OFFSET(FLASH_OFFSET), .SIZE(FLASH_SIZE)) flash (
        .clk(clk), .sck(flash_clk), .cs(flash_cs), .copi(flash_copi), .cipo(flash_cipo)
    );
`endif

    xnorflow_board board (
        .clk(clk),
        .rst(rst),
`ifdef XNORFLOW_LOAD
        .flash_clk(flash_clk),
        .flash_cs(flash_cs),
        .flash_copi(flash_copi),
        .flash_cipo(flash_cipo),
`endif
        .rx(rx),
        .tx(tx)
    );

    reg [8*1024-1:0] name;
    reg [31:0] answer_bytes, end_byte, flight, settle, idle_limit;
    integer source, events;

    initial begin
        done = 0;
        rx = 1;
        if (!$value$plusargs("answer=%d", answer_bytes)) answer_bytes = 1;
        if (!$value$plusargs("end=%d", end_byte)) end_byte = 256;
        if (!$value$plusargs("flight=%d", flight)) flight = 1;
        if (!$value$plusargs("settle=%d", settle)) settle = 0;
        if (!$value$plusargs("idle=%d", idle_limit)) idle_limit = 100000;
        if (!$value$plusargs("bytes=%s", name)) $fatal(1, "+bytes=FILE is missing");
        source = $fopen(name, "rb");
        if (source == 0) $fatal(1, "cannot read the requests");
        if (!$value$plusargs("events=%s", name)) $fatal(1, "+events=FILE is missing");
        events = $fopen(name, "w");
        if (events == 0) $fatal(1, "cannot write the events");
        if ($value$plusargs("waves=%s", name)) begin
            $dumpfile(name);
            $dumpvars(0, xnorflow_serial_bench);
        end
    end

    reg [63:0] cycle;
    always @(posedge clk) cycle <= rst ? 0 : cycle + 1;

    // Sender: start bit, eight bits from the lowest up, stop bit.
    reg [31:0] sent, received, received_bytes;
    reg sending;
    reg [31:0] send_timer;
    reg [3:0] send_left;
    reg [8:0] send_bits;
    reg [15:0] record;
    reg exhausted;
    integer got;

    wire may_send = cycle >= settle && (sending || sent < received + flight);

    always @(posedge clk)
        if (rst) begin
            rx <= 1;
            send_left <= 0;
            sent <= 0;
            sending <= 0;
            exhausted <= 0;
        end else if (send_left != 0) begin
            send_timer <= send_timer - 1;
            if (send_timer == 1) begin
                send_timer <= DIVISOR;
                send_left <= send_left - 1;
                {send_bits, rx} <= {1'b1, send_bits};
                // The stop bit begins: with the last byte of a request it is as good as sent.
                if (send_left == 2 && !sending) $fwrite(events, "in %0d\n", cycle);
            end
        end else if (may_send && !exhausted) begin
            got = $fread(record, source);
            if (got == 2) begin
                rx <= 0;
                send_bits <= {1'b1, record[7:0]};
                send_left <= 10;
                send_timer <= DIVISOR;
                sending <= !record[8];
                if (record[8]) sent <= sent + 1;
            end else exhausted <= 1;
        end

    // Receiver: each bit is looked at in its middle.
    reg [31:0] take_timer;
    reg [3:0] take_place;
    reg [7:0] take_byte;
    reg taking;

    always @(posedge clk)
        if (rst) begin
            taking <= 0;
            received <= 0;
            received_bytes <= 0;
        end else if (!done) begin
`ifndef VERILATOR  // It knows 0 and 1 only, and takes 1'bz for 0.
            if (tx === 1'bx || tx === 1'bz) $fwrite(events, "broken %0d tx is unknown\n", cycle);
`endif
            if (!taking && !tx) begin
                taking <= 1;
                take_place <= 0;
                take_timer <= DIVISOR / 2;
            end else if (taking) begin
                take_timer <= take_timer - 1;
                if (take_timer == 1) begin
                    take_timer <= DIVISOR;
                    take_place <= take_place + 1;
                    take_byte <= {tx, take_byte[7:1]};
                    if (take_place == 0 && tx) $fwrite(events, "broken %0d a spike on tx\n", cycle);
                    if (take_place == 9) begin
                        taking <= 0;
                        if (!tx) $fwrite(events, "broken %0d a byte on tx has no stop bit\n", cycle);
                        $fwrite(events, "out %0d %h\n", cycle, take_byte);
                        if (end_byte > 255 || take_byte == end_byte) begin
                            received_bytes <= received_bytes + 1 == answer_bytes ? 0 : received_bytes + 1;
                            if (received_bytes + 1 == answer_bytes) received <= received + 1;
                        end
                    end
                end
            end
        end

    // The end: silence on both lines, whatever is still owed.
    reg [31:0] idle;

    always @(posedge clk)
        if (rst || send_left != 0 || taking || cycle < settle) idle <= 0;
        else if (!done) begin
            idle <= idle + 1;
            if (idle == idle_limit) begin
                $fwrite(events, "end %0d\n", cycle);
                $fflush(events);
                done <= 1;
            end
        end
endmodule

`default_nettype wire
