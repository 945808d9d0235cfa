// A board's SPI flash, as far as boards/flash_reader.py uses it: release from power-down and read, in SPI mode 0.
//
// It is asleep at first, as an iCE40 leaves it. What is not in the file reads as ones, as an empty flash does.
//
// Plusargs: +weights=FILE    what is in it, from OFFSET on
//           +wakes=CYCLES    how long it takes to wake up, and then answers nothing in the meantime
//           +spoil=BYTE      one more than the place in the file of a byte that is wrong; 0 for none
//           +spoils=COUNT    how often that is read wrongly, before it is right

`timescale 1ns / 1ps
`default_nettype none

module xnorflow_flash #(
    parameter OFFSET = 0,
    parameter SIZE   = 1
) (
    input  wire clk,
    input  wire sck,
    input  wire cs,
    input  wire copi,
    output wire cipo
);
    reg [8*1024-1:0] name;
    reg [7:0] bytes [0:SIZE-1];
    reg [31:0] wakes, spoil, spoils;
    integer file, got;

    initial begin
        if (!$value$plusargs("wakes=%d", wakes)) wakes = 0;
        if (!$value$plusargs("spoil=%d", spoil)) spoil = 0;
        if (!$value$plusargs("spoils=%d", spoils)) spoils = 0;
        for (got = 0; got < SIZE; got = got + 1) bytes[got] = 8'hff;
        if ($value$plusargs("weights=%s", name)) begin
            file = $fopen(name, "rb");
            if (file == 0) $fatal(1, "cannot read the weights");
            got = $fread(bytes, file);
        end
    end

    reg [31:0] now = 0;
    always @(posedge clk) now <= now + 1;

    // Commands.
    reg awake = 0;
    reg reading = 0;
    reg [31:0] ready = 0;
    reg [31:0] reads = 0;
    reg [5:0] count = 0;
    reg [23:0] base;
    reg [30:0] shifted;
    wire [31:0] taken = {shifted, copi};

    always @(posedge sck or negedge cs)
        if (!cs) begin
            count <= 0;
            reading <= 0;
        end else begin
            shifted <= taken[30:0];
            if (count != 63) count <= count + 1;
            if (count == 7 && taken[7:0] == 8'hab && !awake) begin
                awake <= 1;
                ready <= now + wakes;
            end
            if (count == 31 && taken[31:24] == 8'h03 && awake && now >= ready) begin
                reading <= 1;
                reads <= reads + 1;
                base <= taken[23:0];
            end
        end

    // Data: a bit whenever the clock falls.
    reg [23:0] passed = 0;
    reg [2:0] place = 0;
    reg [7:0] out = 8'hff;
    wire [23:0] next = base + passed - OFFSET;
    wire [7:0] wrong = reads <= spoils && next + 1 == spoil ? 8'h10 : 8'h00;

    always @(negedge sck or negedge cs)
        if (!cs) begin
            place <= 0;
            passed <= 0;
            out <= 8'hff;
        end else if (reading) begin
            place <= place + 1;
            if (place == 7) passed <= passed + 1;
            out <= place != 0 ? {out[6:0], 1'b1} : next < SIZE ? bytes[next] ^ wrong : 8'hff;
        end

    assign cipo = out[7];
endmodule

`default_nettype wire
