// Drives xnorflow_core from a file of beats and writes what happens to a file of events.
//
// Plusargs: +beats=FILE      records of INPUT_BYTES + 1 bytes: first tlast (0 or 1), then the data, highest byte first
//           +events=FILE     one line per event: its kind, its cycle, and what goes with it (docs/verification.md)
//           +idle=CYCLES     how long nothing may move, though both sides would, before the run ends
//           +stalls=PERCENT  share of the cycles in which the source, and likewise the sink, stalls; 0 for none
//           +longest=BITS    stalls last up to 2**BITS cycles
//           +stall_seed=N    of both
//           +waves=FILE      waveform, on Icarus
//           +weights=FILE    where XNORFLOW_LOAD is defined: the file that the core takes before its first frame
//
// What happens in each cycle happens here, so that Python sleeps until `done` rises.

`timescale 1ns / 1ps
`default_nettype none

// Open or closed for random times. The lengths are log-uniform: as many single cycles as whole intervals.
module xnorflow_gate (
    input  wire        clk,
    input  wire        rst,
    input  wire [31:0] seed,
    input  wire [31:0] percent,
    input  wire [31:0] longest,
    output reg         open
);
    reg [31:0] state;
    reg [31:0] left;

    function [31:0] xorshift(input [31:0] value);
        reg [31:0] a, b;
        begin
            a = value ^ (value << 13);
            b = a ^ (a >> 17);
            xorshift = b ^ (b << 5);
        end
    endfunction

    wire [31:0] first  = xorshift(state);
    wire [31:0] second = xorshift(first);
    wire [31:0] third  = xorshift(second);

    always @(posedge clk)
        if (rst) begin
            // xorshift never leaves zero.
            state <= xorshift(seed | 32'h80000000);
            left  <= 0;
            open  <= percent == 0;
        end else if (left != 0) begin
            left <= left - 1;
        end else if (percent != 0) begin
            state <= third;
            open  <= (first >> 4) % 100 >= percent;
            left  <= (second >> 4) & ((32'd1 << ((third >> 4) % (longest + 1))) - 1);
        end
endmodule

module xnorflow_bench #(
    parameter INPUT_BYTES  = 1,
    parameter OUTPUT_BYTES = 1
) (
    input  wire clk  /*verilator public_flat_rw*/,
    input  wire rst  /*verilator public_flat_rw*/,
    output reg  done /*verilator public_flat_rw*/
);
    reg  [8*INPUT_BYTES-1:0]  s_axis_tdata;
    reg                       s_axis_tvalid;
    wire                      s_axis_tready;
    reg                       s_axis_tlast;
    wire [8*OUTPUT_BYTES-1:0] m_axis_tdata;
    wire                      m_axis_tvalid;
    wire                      m_axis_tready;
    wire                      m_axis_tlast;
    wire                      error;
`ifdef XNORFLOW_LOAD
    reg  [7:0]                load_tdata;
    reg                       load_tvalid;
    wire                      load_tready;
    wire                      loaded;
    wire                      load_error;
    wire                      loading = load_tvalid && load_tready;
`else
    wire                      loading = 0;
`endif

    xnorflow_core core (
        .clk(clk),
        .rst(rst),
        .s_axis_tdata(s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast),
        .m_axis_tdata(m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast),
`ifdef XNORFLOW_LOAD
        .load_tdata(load_tdata),
        .load_tvalid(load_tvalid),
        .load_tready(load_tready),
        .loaded(loaded),
        .load_error(load_error),
`endif
        .error(error)
    );

    // Options.
    reg [8*1024-1:0] name;
    reg [31:0] idle_limit, stalls, longest, seed;
    integer beats, events;

    initial begin
        done = 0;
        if (!$value$plusargs("idle=%d", idle_limit)) idle_limit = 100000;
        if (!$value$plusargs("stalls=%d", stalls)) stalls = 0;
        if (!$value$plusargs("longest=%d", longest)) longest = 4;
        if (!$value$plusargs("stall_seed=%d", seed)) seed = 1;
        if (!$value$plusargs("beats=%s", name)) $fatal(1, "+beats=FILE is missing");
        beats = $fopen(name, "rb");
        if (beats == 0) $fatal(1, "cannot read the beats");
        if (!$value$plusargs("events=%s", name)) $fatal(1, "+events=FILE is missing");
        events = $fopen(name, "w");
        if (events == 0) $fatal(1, "cannot write the events");
        if ($value$plusargs("waves=%s", name)) begin
            $dumpfile(name);
            $dumpvars(0, xnorflow_bench);
        end
    end

    // Time in cycles since the reset, without a limit that a long run could reach.
    reg [63:0] cycle;
    always @(posedge clk) cycle <= rst ? 0 : cycle + 1;

    // Source: a beat waits until it is taken; stalls come between beats only, as the protocol wants.
    wire source_open;
    xnorflow_gate source_gate (clk, rst, seed * 2, stalls, longest, source_open);

    reg [8*(INPUT_BYTES+1)-1:0] record;
    reg exhausted;
    integer got;

    always @(posedge clk)
        if (rst) begin
            s_axis_tvalid <= 0;
            exhausted <= 0;
        end else begin
            if (s_axis_tvalid && s_axis_tready && s_axis_tlast) $fwrite(events, "in %0d\n", cycle);
            if (!s_axis_tvalid || s_axis_tready) begin
                s_axis_tvalid <= 0;
                if (source_open && !exhausted) begin
                    got = $fread(record, beats);
                    if (got == INPUT_BYTES + 1) begin
                        s_axis_tvalid <= 1;
                        s_axis_tdata  <= record[8*INPUT_BYTES-1:0];
                        s_axis_tlast  <= record[8*INPUT_BYTES];
                    end else begin
                        exhausted <= 1;
                        if (got != 0) $fwrite(events, "broken %0d the last record of the beats is cut off\n", cycle);
                    end
                end
            end
        end

`ifdef XNORFLOW_LOAD
    // The file of weights, once, a byte whenever the core takes one.
    integer weights, byte_read;
    reg was_loaded;

    initial begin
        if (!$value$plusargs("weights=%s", name)) $fatal(1, "+weights=FILE is missing");
        weights = $fopen(name, "rb");
        if (weights == 0) $fatal(1, "cannot read the weights");
    end

    always @(posedge clk)
        if (rst) begin
            load_tvalid <= 0;
            was_loaded <= 0;
        end else begin
            if (!load_tvalid || load_tready) begin
                byte_read = $fgetc(weights);
                load_tvalid <= byte_read >= 0;
                load_tdata <= byte_read;
            end
            if (loaded && !was_loaded) $fwrite(events, "loaded %0d\n", cycle);
            was_loaded <= loaded;
        end

`endif
    // Sink: ready comes and goes, whatever valid does.
    xnorflow_gate sink_gate (clk, rst, seed * 2 + 1, stalls, longest, m_axis_tready);

    always @(posedge clk)
        if (!rst && !done) begin
            if (m_axis_tvalid && m_axis_tready) $fwrite(events, "out %0d %h\n", cycle, m_axis_tdata);
            if (error) $fwrite(events, "error %0d\n", cycle);
        end

    // Checks of the protocol.
    reg waiting;
    reg [8*OUTPUT_BYTES-1:0] waiting_data;

    always @(posedge clk) begin
        waiting <= !rst && m_axis_tvalid && !m_axis_tready;
        waiting_data <= m_axis_tdata;
        if (!rst && !done) begin
            if (waiting && !m_axis_tvalid) $fwrite(events, "broken %0d m_axis_tvalid fell before m_axis_tready\n", cycle);
            if (waiting && m_axis_tvalid && m_axis_tdata !== waiting_data)
                $fwrite(events, "broken %0d m_axis_tdata changed while it waited\n", cycle);
            if (m_axis_tvalid && m_axis_tlast !== 1'b1) $fwrite(events, "broken %0d m_axis_tlast is low\n", cycle);
`ifndef VERILATOR  // It knows 0 and 1 only, so that a comparison with others is none.
            if (^{s_axis_tready, m_axis_tvalid, error} === 1'bx)
                $fwrite(events, "broken %0d s_axis_tready, m_axis_tvalid or error is unknown\n", cycle);
            if (m_axis_tvalid && ^m_axis_tdata === 1'bx) $fwrite(events, "broken %0d m_axis_tdata is unknown\n", cycle);
`endif
        end
    end

    // The end: nothing has moved for long, although the bench was ready on both sides.
    reg [31:0] idle;
    wire moving = loading || s_axis_tvalid && s_axis_tready || m_axis_tvalid && m_axis_tready;

    always @(posedge clk)
        if (rst || moving) idle <= 0;
        else if (m_axis_tready && (s_axis_tvalid || exhausted) && !done) begin
            idle <= idle + 1;
            if (idle == idle_limit) begin
                $fwrite(events, "end %0d\n", cycle);
                $fflush(events);
                done <= 1;
            end
        end
endmodule
